// Turns SIGINT and SIGTERM into a promise. The first asks the broker to stop, the second does not wait for it.

/** The same signal again so soon is the same wish: npm passes on a Ctrl-C that the terminal has sent to all. */
const ECHO_MS = 500;

/** From now on the first signal resolves the promise, and the second ends the process with exit code 1 at once. */
export function untilStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: { signal: NodeJS.Signals; atMs: number } | null = null;
    const onSignal = (signal: NodeJS.Signals): void => {
      const atMs = performance.now();
      if (first === null) {
        first = { signal, atMs };
        resolve(signal);
      } else if (signal !== first.signal || atMs - first.atMs > ECHO_MS) process.exit(1);
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}
