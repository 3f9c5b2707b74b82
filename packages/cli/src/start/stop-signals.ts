// Turns SIGINT and SIGTERM into a promise. The first asks the broker to stop, the second does not wait for it.

/** From now on the first signal resolves the promise, and the second ends the process with exit code 1 at once. */
export function untilStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve(signal);
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}
