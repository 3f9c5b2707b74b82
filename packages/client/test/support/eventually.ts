// Waiting for what a broker does after its answer: Apache Kafka's controller answers before the broker's image has what it acknowledged, and
// a coordinator before the markers are written. A condition is tried until it holds; the time is only there so that a fault is told.

/** So long that a busy machine is no fault. */
export const PATIENCE_MS = 60_000;

const PAUSE_MS = 20;

/** Tries again while it throws; after a minute throws what the last attempt threw. */
export async function eventually<T>(attempt: () => Promise<T> | T): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
