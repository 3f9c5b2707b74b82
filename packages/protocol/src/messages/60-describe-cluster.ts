// DescribeCluster: cluster id, controller and brokers, without topics (KIP-700); controllers too since version 1
// (KIP-919).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const describeClusterApi = defineApi({
  key: 60,
  name: "DescribeCluster",
  versions: "0-2",
  flexibleFrom: 0,
  request: {
    includeClusterAuthorizedOperations: boolean("0+"),
    endpointType: int8("1+", { default: 1 }),
    includeFencedBrokers: boolean("2+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", default: null }),
    endpointType: int8("1+", { default: 1 }),
    clusterId: string("0+"),
    controllerId: int32("0+", { default: -1 }),
    brokers: array("0+", {
      brokerId: int32("0+"),
      host: string("0+"),
      port: int32("0+"),
      rack: string("0+", { nullable: "0+", default: null }),
      isFenced: boolean("2+"),
    }),
    clusterAuthorizedOperations: int32("0+", { default: -0x8000_0000 }),
  },
});

export type DescribeClusterRequest = Decoded<typeof describeClusterApi.request>;
export type DescribeClusterRequestInput = Input<typeof describeClusterApi.request>;
export type DescribeClusterResponse = Decoded<typeof describeClusterApi.response>;
export type DescribeClusterResponseInput = Input<typeof describeClusterApi.response>;
