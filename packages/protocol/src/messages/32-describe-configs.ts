// DescribeConfigs: configs of topics, brokers and other resources, with source and synonyms (KIP-226).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const describeConfigsSynonym = {
  name: string("1+"),
  value: string("1+", { nullable: "0+" }),
  source: int8("1+"),
};

export const describeConfigsApi = defineApi({
  key: 32,
  name: "DescribeConfigs",
  versions: "1-4",
  flexibleFrom: 4,
  request: {
    resources: array("0+", {
      resourceType: int8("0+"),
      resourceName: string("0+"),
      configurationKeys: array("0+", string, { nullable: "0+" }),
    }),
    includeSynonyms: boolean("1+", { default: false }),
    includeDocumentation: boolean("3+", { default: false }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    results: array("0+", {
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+" }),
      resourceType: int8("0+"),
      resourceName: string("0+"),
      configs: array("0+", {
        name: string("0+"),
        value: string("0+", { nullable: "0+" }),
        readOnly: boolean("0+"),
        configSource: int8("1+", { default: -1, ignorable: true }),
        isSensitive: boolean("0+"),
        synonyms: array("1+", describeConfigsSynonym, { ignorable: true }),
        configType: int8("3+", { default: 0, ignorable: true }),
        documentation: string("3+", { nullable: "0+", ignorable: true }),
      }),
    }),
  },
});

export type DescribeConfigsRequest = Decoded<typeof describeConfigsApi.request>;
export type DescribeConfigsRequestInput = Input<typeof describeConfigsApi.request>;
export type DescribeConfigsResponse = Decoded<typeof describeConfigsApi.response>;
export type DescribeConfigsResponseInput = Input<typeof describeConfigsApi.response>;
