// DescribeConfigs: every config of a topic or broker with its value, source and synonyms (KIP-226, KIP-569). Versions 1 to 4.
// The answer is derived from the config tables, so it names only configs that have an effect.

import { describeConfigs } from "@ottla/metadata";
import { describeConfigsApi } from "@ottla/protocol/messages/32-describe-configs.ts";
import type { DescribeConfigsRequest, DescribeConfigsResponse } from "@ottla/protocol/messages/32-describe-configs.ts";
import type { Handler } from "../handler.ts";

export const describeConfigsHandler: Handler<DescribeConfigsRequest, DescribeConfigsResponse> = {
  api: describeConfigsApi,
  handle: (request, context) => {
    const { broker } = context;
    return describeConfigs(request, { image: broker.image(), config: broker.config, nodeId: broker.nodeId });
  },
};
