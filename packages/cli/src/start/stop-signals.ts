// Turns SIGINT and SIGTERM into a promise. The first asks the broker to stop, the second does not wait for it.

/** The same signal again so soon is the same wish: npm passes on a Ctrl-C that the terminal has sent to all. */
const ECHO_MS = 500;

/** How often the parent is looked at, when npm started us through a shell. */
const PARENT_LOOK_MS = 200;

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
    watchParent(() => onSignal("SIGTERM"));
  });
}

// npx runs us under a shell that a SIGTERM to npx ends without passing it on. Left alone, the broker would keep port and folder.
function watchParent(gone: () => void): void {
  if (process.env["npm_command"] === undefined || process.platform === "win32") return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, PARENT_LOOK_MS);
  timer.unref();
}
