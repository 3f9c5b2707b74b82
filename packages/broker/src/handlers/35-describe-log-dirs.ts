// DescribeLogDirs: how much each partition takes on disk, and how much room there is. Versions 1 to 5.
// Offset lag and future replicas belong to moves between folders, which a broker with one folder never makes.

import { errorCodes } from "@ottla/protocol";
import { describeLogDirsApi } from "@ottla/protocol/messages/35-describe-log-dirs.ts";
import type { DescribeLogDirsRequest, DescribeLogDirsResponse } from "@ottla/protocol/messages/35-describe-log-dirs.ts";
import type { Handler } from "../handler.ts";
import type { Replicas } from "../replicas.ts";

type TopicSizes = DescribeLogDirsResponse["results"][number]["topics"];

export const describeLogDirsHandler: Handler<DescribeLogDirsRequest, DescribeLogDirsResponse> = {
  api: describeLogDirsApi,
  handle(request, context) {
    const { replicas, logDirectory } = context.broker;
    const space = logDirectory.space();
    const result = {
      errorCode: logDirectory.offline ? errorCodes.KAFKA_STORAGE_ERROR : errorCodes.NONE,
      logDir: logDirectory.path,
      topics: logDirectory.offline ? [] : topicSizes(replicas, request),
      totalBytes: space.totalBytes,
      usableBytes: space.usableBytes,
      isCordoned: false,
    };
    return { throttleTimeMs: 0, errorCode: errorCodes.NONE, results: [result] };
  },
};

function topicSizes(replicas: Replicas, request: DescribeLogDirsRequest): TopicSizes {
  const topics: TopicSizes = [];
  for (const [name, indexes] of wantedPartitions(replicas, request)) {
    const partitions = sizesOf(replicas, name, indexes);
    if (partitions.length > 0) topics.push({ name, partitions });
  }
  return topics;
}

/** Indexes by topic; a partition that is asked for twice is answered once. */
function wantedPartitions(replicas: Replicas, request: DescribeLogDirsRequest): Map<string, Set<number>> {
  const wanted = new Map<string, Set<number>>();
  if (request.topics === null) {
    for (const name of replicas.topicNames()) {
      wanted.set(name, new Set([...replicas.partitionsOf(name)].map(({ index }) => index)));
    }
    return wanted;
  }
  for (const { topic, partitions } of request.topics) {
    const known = wanted.get(topic);
    if (known === undefined) wanted.set(topic, new Set(partitions));
    else for (const index of partitions) known.add(index);
  }
  return wanted;
}

function sizesOf(replicas: Replicas, name: string, indexes: ReadonlySet<number>): TopicSizes[number]["partitions"] {
  const partitions: TopicSizes[number]["partitions"] = [];
  for (const index of indexes) {
    const partition = replicas.get(name, index);
    if (partition === undefined) continue;
    partitions.push({
      partitionIndex: index,
      partitionSize: partition.log.sizeInBytes,
      offsetLag: 0,
      isFutureKey: false,
    });
  }
  return partitions;
}
