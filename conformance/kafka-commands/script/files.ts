// The files that command lines name, in FOLDER.

export const files: Readonly<Record<string, string>> = {
  "client.properties": "client.id=from-a-file\nrequest.timeout.ms = 20000\n",
  "impatient.properties": "default.api.timeout.ms=1500\nrequest.timeout.ms=1000\n",
  "offsets.csv": "orders,0,2\norders,2,1\n",
  "offsets-of-groups.csv": "by-kafka-file,orders,0,2\nby-ottla-file,orders,0,2\n",
  "payload.txt": "first\nsecond\n\nthird\n",
  "delete-no-partitions.json": '{"version":1}',
  "delete-no-json.json": "{partitions",
  "delete-version-2.json": '{"version":2,"partitions":[]}',
  "delete-twice.json": '{"partitions":[{"topic":"t","partition":0,"offset":1},{"topic":"t","partition":0,"offset":1}]}',
  "delete-by-kafka.json": '{"partitions":[{"topic":"by-kafka-typed","partition":0,"offset":2}],"version":1}',
  "delete-by-ottla.json": '{"partitions":[{"topic":"by-ottla-typed","partition":0,"offset":2}],"version":1}',
  "delete-too-far.json": '{"partitions":[{"topic":"orders","partition":0,"offset":99999}]}',
  "topics-to-move.json": '{"topics":[{"topic":"orders"}],"version":1}',
  "reassign-nothing.json": '{"version":1,"partitions":[]}',
  "reassign-twice.json":
    '{"partitions":[{"topic":"orders","partition":0,"replicas":[1]},{"topic":"orders","partition":0,"replicas":[1]}]}',
  "reassign-replicas.json": '{"partitions":[{"topic":"orders","partition":0,"replicas":[1,1]}]}',
  "reassign-no-json.json": "partitions",
  "reassign.json": '{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[1]}]}',
  "elect.json": '{"partitions":[{"topic":"orders","partition":1}]}',
  "configs.properties": "retention.ms=7200000\nsegment.bytes=2097152\n",
};
