// The configs of a node: who it is, where it listens, what it accepts, how topics are created.
// Names, types, defaults and bounds are those of Kafka's KRaftConfigs, ServerConfigs, SocketServerConfigs and ReplicationConfigs, but where a row says otherwise.

import { atLeast, define, distinctList, listOf } from "./definition.ts";

export const brokerNodeConfigs = {
  "process.roles": define("list", "broker,controller", {
    documentation: "What this process is. Only broker,controller, both in one, is there yet.",
    importance: "high",
    bound: listOf(["broker", "controller"]),
    notYet: (roles) =>
      roles.length === 2 ? null : "a node that is broker and controller in one is all there is yet: broker,controller",
  }),
  "node.id": define("int", "1", {
    documentation:
      "The number of this node in its cluster. Kafka wants it set; Ottla takes that of the data folder, or 1.",
    importance: "high",
    bound: atLeast(0),
  }),
  "broker.id": define("int", "-1", {
    documentation: "The older name of node.id. When both are set they must agree.",
    importance: "high",
  }),
  "broker.rack": define("string", null, {
    documentation: "Where this broker stands. Replicas of a partition are spread over racks, and clients are told.",
    importance: "medium",
  }),
  "controller.quorum.voters": define("list", "", {
    documentation: "The controllers as id@host:port. Accepted for one node: the only id must be this node's.",
    importance: "high",
    bound: distinctList(true),
  }),
  "controller.quorum.bootstrap.servers": define("list", "", {
    documentation: "Where the controllers are, as host:port. Accepted for one node: at most one entry.",
    importance: "high",
    bound: distinctList(true),
    notYet: (servers) => (servers.length > 1 ? "a cluster of several controllers is not there yet" : null),
  }),
  "controller.listener.names": define("list", "CONTROLLER", {
    documentation:
      "The listeners that only controllers use among themselves. With one node nobody does, so they are not opened, and no client is told of them.",
    importance: "high",
    bound: distinctList(false),
  }),
  listeners: define("list", "PLAINTEXT://127.0.0.1:9092", {
    documentation:
      "Where the broker listens, as NAME://host:port. No host means every address, port 0 any free one. Kafka's default is every address.",
    importance: "high",
    bound: distinctList(false),
  }),
  "advertised.listeners": define("list", null, {
    documentation:
      "The addresses that clients are told, as NAME://host:port. When not set, each client is told the address that it connected to.",
    importance: "high",
    bound: distinctList(false),
  }),
  "listener.security.protocol.map": define(
    "string",
    "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    {
      documentation:
        "The security protocol of each listener name, as NAME:PROTOCOL. Only PLAINTEXT is there yet: a listener with another one is refused.",
      importance: "low",
    },
  ),
  "inter.broker.listener.name": define("string", null, {
    documentation:
      "The listener for traffic between brokers. It must be one of the advertised listeners; it is registered with the controller.",
    importance: "medium",
  }),
  "socket.request.max.bytes": define("int", "104857600", {
    documentation: "A request larger than this closes its connection.",
    importance: "high",
    bound: atLeast(1),
  }),
  "max.connections": define("int", "2147483647", {
    documentation: "How many connections the broker keeps open at once. Further ones are closed as they arrive.",
    importance: "medium",
    bound: atLeast(0),
  }),
  "connections.max.idle.ms": define("long", "600000", {
    documentation: "A connection on which nothing happened for this long is closed. A negative number closes none.",
    importance: "medium",
  }),
  "fetch.max.bytes": define("int", "57671680", {
    documentation: "The most that one fetch response carries, whatever the client asked for.",
    importance: "medium",
    bound: atLeast(1024),
  }),
  "max.incremental.fetch.session.cache.slots": define("int", "1000", {
    documentation:
      "How many incremental fetch sessions (KIP-227) the broker keeps. Clients without one send all their partitions with every fetch.",
    importance: "medium",
    bound: atLeast(0),
  }),
  "max.request.partition.size.limit": define("int", "2000", {
    documentation: "The most partitions that one DescribeTopicPartitions response carries.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "num.partitions": define("int", "1", {
    documentation: "The number of partitions of a topic whose creator did not say.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "default.replication.factor": define("int", "1", {
    documentation: "The number of replicas of a topic whose creator did not say.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "auto.create.topics.enable": define("boolean", "true", {
    documentation:
      "Whether a topic is created when a client asks for the metadata of one that is not there and allows it.",
    importance: "high",
  }),
  "delete.topic.enable": define("boolean", "true", {
    documentation: "Whether topics can be deleted. When false, a deletion is answered with TOPIC_DELETION_DISABLED.",
    importance: "high",
  }),
  "metadata.log.max.record.bytes.between.snapshots": define("long", "20971520", {
    documentation: "How many bytes of metadata records gather before the next snapshot of the metadata is written.",
    importance: "high",
    bound: atLeast(1),
  }),
};
