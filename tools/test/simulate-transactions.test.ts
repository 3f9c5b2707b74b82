// Transactions through a whole broker over files that fail. A few hundred steps here, many with `npm run sim -- --transaction-steps N`.
// What the simulation would not see of a broken broker is tested by breaking it: between the clients and the broker stands a fault.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { batchFormat } from "@ottla/protocol";
import { simulateTransactions } from "../sim/simulate-transactions.ts";
import type { Caller } from "../sim/wire-client.ts";

const STEPS = 250;

describe("transactions over files that fail", () => {
  // Even seeds cut the power, odd ones kill the process.
  for (const seed of [1, 2, 3, 4, Date.now() % 1_000_000_000]) {
    it(`keep their promises, seed ${seed}`, async () => {
      const repeat = `repeat with: npm run sim -- --transaction-steps ${STEPS} --seed ${seed}`;
      assert.deepEqual(await simulateTransactions(seed, STEPS), [], repeat);
    });
  }
});

/** Messages by their field names, for all APIs alike. */
// oxlint-disable-next-line typescript/no-explicit-any -- a fault reaches into messages of any API
type Message = Record<string, any>;

/** How a broken broker differs from ours. */
interface Fault {
  /** May change the request, or answer it without the broker. */
  readonly onRequest?: (name: string, request: Message, newest: ReadonlyMap<string, Message>) => Message | undefined;
  readonly onResponse?: (name: string, response: Message, request: Message) => void;
}

function broken({ onRequest, onResponse }: Fault): (client: Caller) => Caller {
  /** By transactional id, what the broker said last of its producer. */
  const newest = new Map<string, Message>();
  return (client) => ({
    async call<Request, Response, GivenRequest, GivenResponse>(
      api: Parameters<typeof client.call<Request, Response, GivenRequest, GivenResponse>>[0],
      version: number,
      request: GivenRequest,
    ): Promise<Response> {
      const asked = request as Message;
      const made = onRequest?.(api.name, asked, newest);
      if (made !== undefined) return made as Response;
      const response = await client.call(api, version, request);
      const answer = response as Message;
      if (asked["transactionalId"] !== undefined && answer["errorCode"] === 0 && answer["producerId"] >= 0)
        newest.set(asked["transactionalId"], {
          producerId: answer["producerId"],
          producerEpoch: answer["producerEpoch"],
        });
      onResponse?.(api.name, answer, asked);
      return response;
    },
  });
}

const fetched = (response: Message): Message[] =>
  response["responses"].flatMap(({ partitions }: Message) => partitions);

function commitsTaken({ topics }: Message): Message {
  const partitions = (given: Message[]): Message[] =>
    given.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 }));
  return {
    throttleTimeMs: 0,
    topics: topics.map((topic: Message) => ({ ...topic, partitions: partitions(topic["partitions"]) })),
  };
}

let offsetFetches = 0;

const faults: { name: string; fault: RegExp; how: Fault }[] = [
  {
    name: "forgets which transactions were aborted",
    fault: /^fault 6: .* was not committed/m,
    how: {
      onResponse(name, response) {
        if (name === "Fetch") for (const partition of fetched(response)) partition["abortedTransactions"] = [];
      },
    },
  },
  {
    name: "commits what was to be aborted",
    fault: /^fault 6: .* was not committed/m,
    how: {
      onRequest(name, request) {
        if (name === "EndTxn") request["committed"] = true;
        return undefined;
      },
    },
  },
  {
    name: "shows what is open",
    fault: /^fault 7: .* before .* was asked to end/m,
    how: {
      onRequest(name, request) {
        if (name === "Fetch") request["isolationLevel"] = 0;
        return undefined;
      },
    },
  },
  {
    name: "names a last stable offset above the high watermark",
    fault: /^fault 7: .* above the high watermark/m,
    how: {
      onResponse(name, response) {
        if (name === "Fetch") for (const partition of fetched(response)) partition["lastStableOffset"] += 1;
      },
    },
  },
  {
    name: "names last stable offsets that go back",
    fault: /^fault 7: .* went back/m,
    how: {
      onResponse(name, response, request) {
        if (name !== "Fetch") return;
        for (const partition of fetched(response))
          if (request["maxBytes"] % 3 === 0)
            partition["lastStableOffset"] = Math.max(0, partition["lastStableOffset"] - 3);
      },
    },
  },
  {
    name: "loses the writes of one partition",
    fault: /^fault 8: .* is there by half/m,
    how: {
      onRequest(name, request) {
        if (name !== "Produce" || request["topicData"][0].partitionData[0].index !== 2) return undefined;
        const partitionResponses = [{ index: 2, errorCode: 0, baseOffset: 0, logStartOffset: 0 }];
        return { responses: [{ name: "sim", partitionResponses }] };
      },
    },
  },
  {
    name: "loses the offsets of transactions",
    fault: /^fault 8: .* has source-0 committed up to/m,
    how: { onRequest: (name, request) => (name === "TxnOffsetCommit" ? commitsTaken(request) : undefined) },
  },
  {
    name: "takes late and zombies' ends for those of the transaction that is open (before KIP-890)",
    fault: /^fault 10: .*(?:was not refused|nobody else had a right)/m,
    how: {
      onRequest(name, request, newest) {
        if (name === "EndTxn") Object.assign(request, newest.get(request["transactionalId"]));
        return undefined;
      },
    },
  },
  {
    name: "takes late writes",
    fault: /^fault 10: .*late write.* was not refused/m,
    how: {
      onRequest(name, request, newest) {
        const of = newest.get(request["transactionalId"] ?? "");
        if (name !== "Produce" || of === undefined) return undefined;
        const { records, index } = request["topicData"][0].partitionData[0] as { records: Buffer; index: number };
        if (batchFormat.producerEpoch(records, 0) === of["producerEpoch"]) return undefined;
        return { responses: [{ name: "sim", partitionResponses: [{ index, errorCode: 0, baseOffset: 0 }] }] };
      },
    },
  },
  {
    name: "sets committed offsets back",
    fault: /^fault 12: .* was committed up to/m,
    how: {
      onResponse(name, response) {
        if (name !== "OffsetFetch" || offsetFetches++ % 3 > 0) return;
        for (const { topics } of response["groups"] as Message[])
          for (const { partitions } of topics) for (const each of partitions) each["committedOffset"] = -1;
      },
    },
  },
  {
    name: "lets replaced members commit",
    fault: /^fault 12: .*committed as|^fault 12: .* committed in generation/m,
    how: { onRequest: (name, request) => (name === "OffsetCommit" ? commitsTaken(request) : undefined) },
  },
  {
    name: "never lets go of a transaction",
    fault: /^fault 16: /m,
    how: {
      onRequest: (name, request) =>
        name === "EndTxn" && request["transactionalId"] === "new-b" ? { errorCode: 51, throttleTimeMs: 0 } : undefined,
    },
  },
];

describe("the simulation of transactions sees a broker that", () => {
  for (const { name, fault, how } of faults) {
    it(name, async () => {
      const sentences: string[] = [];
      for (let seed = 1; seed <= 8 && !fault.test(sentences.join("\n")); seed++)
        sentences.push(...(await simulateTransactions(seed, STEPS, broken(how))));
      assert.match(sentences.join("\n"), fault);
    });
  }
});
