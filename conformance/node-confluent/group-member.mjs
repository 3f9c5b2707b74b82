// One member of a group, a process of its own so that it can be killed: node group-member.mjs, started with a channel to its parent.
// It is told {bootstrap, topic, group, protocol}, and then perhaps "leave". It tells {owns} with its partitions, before it uses them and
// before it gives them up, waits for "go on" each time, and tells {processed} with values.

import confluent from "@confluentinc/kafka-javascript";
import { groupConfig } from "./group-config.mjs";

const { KafkaConsumer, CODES } = confluent;
const { ERR__ASSIGN_PARTITIONS, ERR__REVOKE_PARTITIONS } = CODES.ERRORS;
/** A commit that comes while the group rebalances is refused: it is tried again with the next poll, if the partition is still owned. */
const refusals = new Set([
  CODES.ERRORS.ERR_ILLEGAL_GENERATION,
  CODES.ERRORS.ERR_REBALANCE_IN_PROGRESS,
  CODES.ERRORS.ERR_UNKNOWN_MEMBER_ID,
  CODES.ERRORS.ERR_STALE_MEMBER_EPOCH,
  CODES.ERRORS.ERR__ASSIGNMENT_LOST,
]);

const owned = new Set();
/** By partition: the offset that is still to be committed. */
const uncommitted = new Map();
/** One for each message that waits; librdkafka may ask for a second change before the first is made. */
const waiting = [];
let leaving = false;

process.on("message", (message) => {
  if (message === "go on") waiting.shift()();
  else if (message === "leave") leaving = true;
  else run(message);
});
// process.exit would wait for librdkafka to close the consumer.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

function run({ bootstrap, topic, group, protocol }) {
  const config = {
    ...groupConfig(bootstrap, group, protocol),
    rebalance_cb: (event, partitions) => void rebalance(event, partitions),
  };
  const consumer = new KafkaConsumer(config, { "auto.offset.reset": "earliest" });
  consumer.setDefaultConsumeTimeout(50);
  consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
  consumer.on("ready", () => {
    consumer.subscribe([topic]);
    poll();
  });
  consumer.connect();

  /** The parent has taken note before librdkafka is told, and with it the broker. */
  async function rebalance({ code }, partitions) {
    const incremental = consumer.rebalanceProtocol() === "COOPERATIVE";
    for (const { partition } of partitions) {
      if (code === ERR__ASSIGN_PARTITIONS) owned.add(partition);
      else {
        owned.delete(partition);
        uncommitted.delete(partition);
      }
    }
    await new Promise((resolve) => {
      waiting.push(resolve);
      process.send({ owns: [...owned] });
    });
    if (code === ERR__ASSIGN_PARTITIONS) {
      if (incremental) consumer.incrementalAssign(partitions);
      else consumer.assign(partitions);
    } else if (code === ERR__REVOKE_PARTITIONS) {
      if (incremental) consumer.incrementalUnassign(partitions);
      else consumer.unassign();
    }
  }

  function poll() {
    if (leaving && uncommitted.size === 0) {
      consumer.disconnect(() => process.exit(0));
      return;
    }
    consumer.consume(100, (error, messages) => {
      if (error) throw error;
      const mine = messages.filter(({ partition }) => owned.has(partition));
      if (mine.length > 0) processMessages(mine);
      if (uncommitted.size > 0) commit();
      poll();
    });
  }

  function processMessages(messages) {
    process.send({ processed: messages.map(({ value }) => value.toString()) });
    for (const { partition, offset } of messages) uncommitted.set(partition, offset + 1);
  }

  function commit() {
    try {
      consumer.commitSync([...uncommitted].map(([partition, offset]) => ({ topic, partition, offset })));
      uncommitted.clear();
    } catch (error) {
      if (!refusals.has(error.code)) throw error;
    }
  }
}
