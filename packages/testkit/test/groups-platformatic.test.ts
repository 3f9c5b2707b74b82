// @platformatic/kafka in consumer groups, with the classic protocol (eager and cooperative) and with the consumer protocol of
// KIP-848: members that come, go and are cut off; committing and resuming.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from "@platformatic/kafka";
import {
  GroupLedger,
  HEARTBEAT_MS,
  letProcessEnd,
  liveThrough,
  MemberSockets,
  PARTITIONS,
  SESSION_MS,
  startGroupBroker,
} from "./support/group-life.ts";
import type { GroupBroker, Member } from "./support/group-life.ts";

type Protocol = "classic, eager" | "classic, cooperative" | "consumer";
type StringConsumer = Consumer<string, string, string, string>;

/** A member that was cut off may never finish closing; then the broker's end is what ends its connections. */
const CLOSE_LIMIT_MS = 5000;

describe("@platformatic/kafka consumer groups", { concurrency: true }, () => {
  const sockets = new MemberSockets();
  const cutOff: StringConsumer[] = [];
  let broker: GroupBroker;
  let admin: Admin;
  let producer: Producer<string, string, string, string>;

  before(async () => {
    broker = await startGroupBroker();
    const base = { clientId: "test", bootstrapBrokers: [broker.bootstrap] };
    admin = new Admin(base);
    producer = new Producer({ ...base, serializers: stringSerializers });
  });
  after(async () => {
    sockets.heal();
    await within(CLOSE_LIMIT_MS, Promise.allSettled(cutOff.map((member) => member.close(true))));
    await producer.close();
    await admin.close();
    await broker.close();
    letProcessEnd();
  });

  async function create(plain: string, partitions = PARTITIONS): Promise<string> {
    const topic = broker.name(plain);
    await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
    return topic;
  }

  async function produce(topic: string, values: readonly string[], partitions = PARTITIONS): Promise<void> {
    await producer.send({ messages: values.map((value, index) => ({ topic, value, partition: index % partitions })) });
  }

  function consumer(groupId: string, protocol: Protocol): StringConsumer {
    const base = {
      clientId: "test",
      bootstrapBrokers: [broker.bootstrap],
      groupId,
      deserializers: stringDeserializers,
      maxWaitTime: 30,
      retryDelay: 20,
    };
    const classic = { sessionTimeout: SESSION_MS, rebalanceTimeout: 5000, heartbeatInterval: HEARTBEAT_MS };
    const options: Record<Protocol, object> = {
      "classic, eager": classic,
      "classic, cooperative": { ...classic, protocols: [{ name: "cooperative-sticky", version: 1 }] },
      consumer: { groupProtocol: "consumer" },
    };
    return new Consumer({ ...base, ...options[protocol] });
  }

  interface Place {
    topic: string;
    groupId: string;
    protocol: Protocol;
    ledger: GroupLedger;
  }

  async function start(name: string, { topic, groupId, protocol, ledger }: Place): Promise<Member> {
    const owner = `${groupId} ${name}`;
    return await sockets.run(owner, async () => {
      const member = consumer(groupId, protocol);
      const owned = (): void => ledger.own(name, member.assignments?.flatMap(({ partitions }) => partitions) ?? []);
      member.on("consumer:group:join", owned);
      member.on("consumer:heartbeat:start", owned);
      member.on("consumer:group:rebalance", () => (protocol === "classic, eager" ? ledger.own(name, []) : owned()));
      member.on("error", () => {}); // What a member that is cut off complains of.
      const stream = await member.consume({
        topics: [topic],
        mode: "committed",
        fallbackMode: "earliest",
        autocommit: 50,
      });
      stream.on("error", () => {});
      stream.on("data", ({ value }) => ledger.processed(name, value));
      return {
        leave: () => member.close(true),
        kill: async () => {
          sockets.kill(owner);
          cutOff.push(member);
        },
      };
    });
  }

  for (const protocol of ["classic, eager", "classic, cooperative", "consumer"] as const) {
    it(`shares 12 partitions among 1 to 8 members that come, go and are cut off (${protocol}): all records, one owner at a time`, async () => {
      const plain = protocol.replace(", ", "-");
      const topic = await create(`life-${plain}`);
      const groupId = broker.name(`life-${plain}-group`);
      const ledger = new GroupLedger();
      const values = await liveThrough(
        {
          ledger,
          start: (name) => start(name, { topic, groupId, protocol, ledger }),
          produce: (more) => produce(topic, more),
        },
        // This client's sticky assignor lets everybody keep what they have.
        { everyMemberOwns: protocol !== "classic, cooperative" },
      );
      assert.deepEqual(ledger.violations, []);
      assert.equal(ledger.seen.size, values.length);
    });

    it(`goes on where the group committed (${protocol})`, async () => {
      const plain = `resumed-${protocol.replace(", ", "-")}`;
      const topic = await create(plain, 1);
      const values = Array.from({ length: 30 }, (_, index) => String(index));
      await produce(topic, values, 1);
      const place = { topic, groupId: broker.name(`${plain}-group`), protocol };
      assert.deepEqual(await consume(place, 12), values.slice(0, 12));
      assert.deepEqual(await consume(place, 18), values.slice(12));
    });
  }

  /** Consumes `count` records, commits each and leaves. */
  async function consume({ topic, groupId, protocol }: Omit<Place, "ledger">, count: number): Promise<string[]> {
    const member = consumer(groupId, protocol);
    const stream = await member.consume({
      topics: [topic],
      mode: "committed",
      fallbackMode: "earliest",
      autocommit: false,
    });
    const values: string[] = [];
    for await (const message of stream) {
      values.push(message.value);
      await message.commit();
      if (values.length === count) break;
    }
    const committed = await member.listCommittedOffsets({ topics: [{ topic, partitions: [0] }] });
    await member.close(true);
    assert.equal(Number(committed.get(topic)![0]), Number(values.at(-1)) + 1);
    return values;
  }
});

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const limit = setTimeout(resolve, limitMs);
  await Promise.race([work, promise]);
  clearTimeout(limit);
}
