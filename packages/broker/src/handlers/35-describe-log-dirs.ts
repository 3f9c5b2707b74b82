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
  if (request.topics === null) {
    for (const name of replicas.topicNames()) {
      topics.push(
        sizesOf(
          replicas,
          name,
          [...replicas.partitionsOf(name)].map(({ index }) => index),
        ),
      );
    }
    return topics;
  }
  for (const { topic, partitions } of request.topics) {
    const sizes = sizesOf(replicas, topic, partitions);
    if (sizes.partitions.length > 0) topics.push(sizes);
  }
  return topics;
}

function sizesOf(replicas: Replicas, name: string, indexes: readonly number[]): TopicSizes[number] {
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
  return { name, partitions };
}
