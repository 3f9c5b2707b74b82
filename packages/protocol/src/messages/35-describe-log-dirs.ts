// DescribeLogDirs: sizes of replicas and of the log directories that hold them (KIP-113, KIP-827).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const describeLogDirsApi = defineApi({
  key: 35,
  name: "DescribeLogDirs",
  versions: "1-5",
  flexibleFrom: 2,
  request: {
    topics: array("0+", { topic: string("0+"), partitions: array("0+", int32) }, { nullable: "0+" }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("3+", { ignorable: true }),
    results: array("0+", {
      errorCode: int16("0+"),
      logDir: string("0+"),
      topics: array("0+", {
        name: string("0+"),
        partitions: array("0+", {
          partitionIndex: int32("0+"),
          partitionSize: int64("0+"),
          offsetLag: int64("0+"),
          isFutureKey: boolean("0+"),
        }),
      }),
      totalBytes: int64("4+", { default: -1, ignorable: true }),
      usableBytes: int64("4+", { default: -1, ignorable: true }),
      isCordoned: boolean("5+", { default: false, ignorable: true }),
    }),
  },
});

export type DescribeLogDirsRequest = Decoded<typeof describeLogDirsApi.request>;
export type DescribeLogDirsRequestInput = Input<typeof describeLogDirsApi.request>;
export type DescribeLogDirsResponse = Decoded<typeof describeLogDirsApi.response>;
export type DescribeLogDirsResponseInput = Input<typeof describeLogDirsApi.response>;
