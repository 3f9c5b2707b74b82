// What must not outlive this process: children and temporary folders. Taken care of at its normal end, after an uncaught error, and
// when Ctrl-C or the test runner stops it. Only SIGKILL leaves something behind.

import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const actions = new Set<() => void>();

/** Runs `action`, which must be synchronous, when this process ends. Returns how to take that back. */
export function atProcessEnd(action: () => void): () => void {
  if (actions.size === 0) watch();
  actions.add(action);
  return () => {
    actions.delete(action);
    if (actions.size === 0) unwatch();
  };
}

function runAll(): void {
  for (const action of [...actions].reverse()) action();
  actions.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  process.exit(128 + constants.signals[signal]);
}

function watch(): void {
  process.on("exit", runAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function unwatch(): void {
  process.off("exit", runAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
