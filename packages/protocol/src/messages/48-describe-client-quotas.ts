// DescribeClientQuotas: quotas that match a filter over entities (KIP-546).

import { defineApi } from "../schema/define.ts";
import { array, boolean, float64, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const entryData = {
  entity: array("0+", {
    entityType: string("0+"),
    entityName: string("0+", { nullable: "0+" }),
  }),
  values: array("0+", { key: string("0+"), value: float64("0+") }),
};

export const describeClientQuotasApi = defineApi({
  key: 48,
  name: "DescribeClientQuotas",
  versions: "0-1",
  flexibleFrom: 1,
  request: {
    components: array("0+", {
      entityType: string("0+"),
      matchType: int8("0+"),
      match: string("0+", { nullable: "0+" }),
    }),
    strict: boolean("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
    entries: array("0+", entryData, { nullable: "0+" }),
  },
});

export type DescribeClientQuotasRequest = Decoded<typeof describeClientQuotasApi.request>;
export type DescribeClientQuotasRequestInput = Input<typeof describeClientQuotasApi.request>;
export type DescribeClientQuotasResponse = Decoded<typeof describeClientQuotasApi.response>;
export type DescribeClientQuotasResponseInput = Input<typeof describeClientQuotasApi.response>;
