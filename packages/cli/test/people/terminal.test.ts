// Progress and questions on a terminal, colours, and the one line of a cluster that is not there.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import * as runner from "node:test";
import { useBroker } from "@ottla/testkit";
import type { PeopleIo } from "../../src/people/people-io.ts";
import { startProgress } from "../../src/people/terminal.ts";
import { temporaryFolder } from "../run-ottla.ts";
import { ottlaCommand } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

describe("progress:", () => {
  const shown = (isTerminal: boolean, env: Record<string, string> = {}) => {
    let text = "";
    let nowMs = 0;
    const io = {
      terminal: { output: true, status: isTerminal, columns: 20 },
      env,
      status: (piece: string) => void (text += piece),
    } as unknown as PeopleIo;
    const progress = startProgress(io, () => nowMs);
    progress.update("one");
    progress.update(() => assert.fail("too early to be made"));
    nowMs += 100;
    progress.update("two is longer than the line\u0007");
    progress.end();
    progress.end();
    return text;
  };

  test("is one line written in place, ten times a second at most, and gone at the end", () => {
    assert.equal(shown(true), "\r\u001b[2Kone\r\u001b[2Ktwo is longer than…\r\u001b[2K");
  });

  test("is nothing at all where stderr is no terminal, or a dumb one", () => {
    assert.equal(shown(false), "");
    assert.equal(shown(true, { TERM: "dumb" }), "");
  });
});

describe("colours:", () => {
  const run = async (env: Record<string, string>, columns?: number): Promise<boolean> => {
    const options = columns === undefined ? { env } : { env, columns };
    const { stdout } = await ottlaCommand(`topic list -b ${broker().bootstrap}`, options);
    return stdout.includes("\u001b[");
  };

  test("are on a terminal only, and not when NO_COLOR is set", async () => {
    assert.deepEqual(
      [
        await run({}, 80),
        await run({}),
        await run({ NO_COLOR: "1" }, 80),
        await run({ NO_COLOR: "" }, 80),
        await run({ TERM: "dumb" }, 80),
      ],
      [true, false, false, true, false],
    );
  });

  test("are never in JSON and YAML, which do not fit themselves to a terminal", async () => {
    const name = "a".repeat(200);
    await ottlaCommand(`topic create ${name} -b ${broker().bootstrap}`);
    for (const format of ["json", "yaml"]) {
      const { stdout } = await ottlaCommand(`topic list -b ${broker().bootstrap} -o ${format}`, { columns: 40 });
      assert.equal(stdout.includes("\u001b["), false);
      assert.equal(stdout.includes(name), true);
    }
    const { stdout } = await ottlaCommand(`topic list -b ${broker().bootstrap}`, {
      columns: 60,
      env: { NO_COLOR: "1" },
    });
    for (const line of stdout.split("\n")) assert.equal(line.length <= 60, true, line);
  });
});

describe("a cluster that is not there is one line and 1:", () => {
  const rows: readonly (readonly [servers: string, message: RegExp])[] = [
    [
      "127.0.0.1:1",
      /^ottla: no broker answers at 127\.0\.0\.1:1: the connection was refused, nothing listens there \(ECONNREFUSED\)\n$/,
    ],
    ["[::1]:1", /^ottla: no broker answers at \[::1\]:1: .*\n$/],
    ["127.0.0.1:1,127.0.0.1:2", /^ottla: no broker answers at 127\.0\.0\.1:1,127\.0\.0\.1:2: .*\(ECONNREFUSED\)\n$/],
  ];
  for (const [servers, message] of rows) {
    test(servers, async () => {
      const started = performance.now();
      const result = await ottlaCommand(`topic list -b ${servers}`);
      assert.match(result.stderr, message);
      assert.deepEqual([result.code, result.stdout], [1, ""]);
      // Nobody waits for what is not there.
      assert.equal(performance.now() - started < 5_000, true);
    });
  }

  test("the others are asked when one is not there", async () => {
    const result = await ottlaCommand(`topic list -b 127.0.0.1:1,${broker().bootstrap}`);
    assert.deepEqual([result.code, result.stderr], [0, ""]);
  });

  for (const servers of ["nowhere", "a:b", "", ","]) {
    test(`"${servers}" is no address, which is a mistake of the command line`, async () => {
      const result = await ottlaCommand(["topic", "list", "-b", servers]);
      assert.match(result.stderr, /^ottla: [^\n]+\n$/);
      assert.deepEqual([result.code, result.stdout], [2, ""]);
    });
  }

  test("what hangs up or speaks another language is told too", async (context) => {
    const answers: readonly (readonly [answer: string, message: string])[] = [
      ["", "it closes the connection; does it want TLS or SASL? A context has them (CONNECTION)"],
      ["HTTP/1.1 400 Bad Request\r\n\r\n", "what answers there speaks TLS, or no protocol of Kafka's (CONNECTION)"],
      // An alert, as TLS answers to what is no TLS.
      ["\x15\x03\x03\x00\x02\x02\x46", "what answers there speaks TLS, or no protocol of Kafka's (CONNECTION)"],
    ];
    for (const [answer, message] of answers) {
      const server = createServer((socket: Socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(answer));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      context.after(() => server.close());
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const result = await ottlaCommand(`topic list -b ${address}`);
      assert.equal(result.stderr, `ottla: no broker answers at ${address}: ${message}\n`);
      assert.equal(result.code, 1);
    }
  });
});

test("a signal ends a command that waits, without a word", async () => {
  const fault = broker().faults.add({ api: "DescribeCluster", action: { hang: true } });
  const ending = new AbortController();
  const running = ottlaCommand(`topic list -b ${broker().bootstrap}`, { signal: ending.signal });
  await fault.hit();
  ending.abort();
  const { code, stdout, stderr } = await running;
  assert.deepEqual([code, stdout, stderr], [1, "", ""]);
});

test("contexts name the cluster of a command", async (context) => {
  const env = { OTTLA_CONFIG: `${temporaryFolder(context)}/config.yaml` };
  await ottlaCommand(`context add here -b ${broker().bootstrap}`, { env });
  await ottlaCommand("context add there -b 127.0.0.1:1", { env });
  assert.equal((await ottlaCommand("topic create orders", { env })).code, 0);
  assert.match(
    (await ottlaCommand("topic list --context there", { env })).stderr,
    /no broker answers at there \(127\.0\.0\.1:1\): /,
  );
  assert.match(
    (await ottlaCommand("topic list --context nobody", { env })).stderr,
    /there is no context nobody; there are here, there/,
  );
  const { questions } = await ottlaCommand("topic delete orders", { env, answers: ["y"] });
  assert.match(questions[0]!, /^Delete orders on here \(127\.0\.0\.1:\d+\)\?/);
});
