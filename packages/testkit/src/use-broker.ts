// A broker for all tests of a file, in whatever runner: started before the first, put back to its beginning before each, closed after the last.
// A runner is known by its hooks only: node:test calls them before and after, Vitest and Jest beforeAll and afterAll.

import type { TestBrokerOptions } from "./start-broker.ts";
import { startBroker } from "./start-broker.ts";
import type { TestBroker } from "./test-broker.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- each runner gives its hooks another context, and more arguments
type RegisterHook = (hook: (...context: any[]) => Promise<void>, ...more: any[]) => unknown;

/** The hooks of a test runner: the module `node:test`, the module `vitest`, the module `@jest/globals` or Jest's globals. */
export interface RunnerHooks {
  readonly before?: RegisterHook;
  readonly beforeAll?: RegisterHook;
  readonly beforeEach: RegisterHook;
  readonly afterEach: RegisterHook;
  readonly after?: RegisterHook;
  readonly afterAll?: RegisterHook;
}

export interface UseBrokerOptions extends TestBrokerOptions {
  /** Whether each test finds the broker as it began. Default true; false for tests that build upon each other, and with a `dataDir`. */
  readonly resetBeforeEach?: boolean;
}

/**
 * Call it once where the tests are declared; what it gives back gives the broker inside a test.
 * Of a test that fails the last requests and the seed are printed (not by Jest, which tells its hooks nothing of failures).
 * @throws TypeError when the hooks are those of no runner.
 */
export function useBroker(runner: RunnerHooks, options: UseBrokerOptions = {}): () => TestBroker {
  const { resetBeforeEach = options.dataDir === undefined, ...brokerOptions } = options;
  const beforeAll = runner.beforeAll ?? runner.before;
  const afterAll = runner.afterAll ?? runner.after;
  if (beforeAll === undefined || afterAll === undefined) {
    throw new TypeError("useBroker: give it the runner's hooks, as in useBroker(await import('node:test'))");
  }
  let broker: TestBroker | null = null;
  let isFresh = true;
  beforeAll(async () => {
    broker = await startBroker(brokerOptions);
  });
  runner.beforeEach(async () => {
    if (resetBeforeEach && !isFresh) await broker!.reset();
    isFresh = false;
  });
  // Jest takes a hook that names a parameter for one that calls it back.
  runner.afterEach(async (...contexts: unknown[]) => {
    if (hasFailed(contexts[0])) console.error(broker!.report());
  });
  afterAll(async () => {
    const ended = broker;
    broker = null;
    await ended?.close();
  });
  return () => {
    if (broker === null) throw new Error("useBroker: the broker is there inside tests only");
    return broker;
  };
}

/** node:test's context says whether its test passed, Vitest's, which is a function, has its task. */
function hasFailed(context: unknown): boolean {
  if ((typeof context !== "object" && typeof context !== "function") || context === null) return false;
  if ("passed" in context) return context.passed === false;
  return "task" in context && (context.task as { result?: { state?: string } }).result?.state === "fail";
}
