// AlterPartitionReassignments: starts or cancels moving replicas (KIP-455).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const alterPartitionReassignmentsApi = defineApi({
  key: 45,
  name: "AlterPartitionReassignments",
  versions: "0-1",
  flexibleFrom: 0,
  request: {
    timeoutMs: int32("0+", { default: 60000 }),
    allowReplicationFactorChange: boolean("1+", { default: true }),
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        replicas: array("0+", int32, { nullable: "0+", default: null }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    allowReplicationFactorChange: boolean("1+", { default: true, ignorable: true }),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
    responses: array("0+", {
      name: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        errorCode: int16("0+"),
        errorMessage: string("0+", { nullable: "0+" }),
      }),
    }),
  },
});

export type AlterPartitionReassignmentsRequest = Decoded<typeof alterPartitionReassignmentsApi.request>;
export type AlterPartitionReassignmentsRequestInput = Input<typeof alterPartitionReassignmentsApi.request>;
export type AlterPartitionReassignmentsResponse = Decoded<typeof alterPartitionReassignmentsApi.response>;
export type AlterPartitionReassignmentsResponseInput = Input<typeof alterPartitionReassignmentsApi.response>;
