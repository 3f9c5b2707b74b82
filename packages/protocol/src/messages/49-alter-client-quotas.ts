// AlterClientQuotas: sets and removes quotas of entities (KIP-546).

import { defineApi } from "../schema/define.ts";
import { array, boolean, float64, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const alterClientQuotasApi = defineApi({
  key: 49,
  name: "AlterClientQuotas",
  versions: "0-1",
  flexibleFrom: 1,
  request: {
    entries: array("0+", {
      entity: array("0+", {
        entityType: string("0+"),
        entityName: string("0+", { nullable: "0+" }),
      }),
      ops: array("0+", {
        key: string("0+"),
        value: float64("0+"),
        remove: boolean("0+"),
      }),
    }),
    validateOnly: boolean("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    entries: array("0+", {
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+" }),
      entity: array("0+", {
        entityType: string("0+"),
        entityName: string("0+", { nullable: "0+" }),
      }),
    }),
  },
});

export type AlterClientQuotasRequest = Decoded<typeof alterClientQuotasApi.request>;
export type AlterClientQuotasRequestInput = Input<typeof alterClientQuotasApi.request>;
export type AlterClientQuotasResponse = Decoded<typeof alterClientQuotasApi.response>;
export type AlterClientQuotasResponseInput = Input<typeof alterClientQuotasApi.response>;
