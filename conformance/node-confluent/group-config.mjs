// How a consumer is told which group protocol to speak: "eager" and "cooperative" are the classic one with two kinds of assignors.

const sessions = { "session.timeout.ms": 1500, "heartbeat.interval.ms": 100 };
/** With the consumer protocol the broker says how often and how long. */
const protocols = {
  eager: { "partition.assignment.strategy": "range", ...sessions },
  cooperative: { "partition.assignment.strategy": "cooperative-sticky", ...sessions },
  consumer: { "group.protocol": "consumer" },
};

export const protocolNames = Object.keys(protocols);

export function groupConfig(bootstrap, group, protocol) {
  return {
    "bootstrap.servers": bootstrap,
    "group.id": group,
    "enable.auto.commit": false,
    "fetch.wait.max.ms": 50,
    log_level: 0,
    ...protocols[protocol],
  };
}
