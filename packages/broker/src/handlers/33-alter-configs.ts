// AlterConfigs: replaces all configs of a topic or broker. Versions 0 to 2. Deprecated in Kafka in favour of
// IncrementalAlterConfigs, still sent by older tools.

import { alterConfigsApi } from "@ottla/protocol/messages/33-alter-configs.ts";
import type { AlterConfigsRequest, AlterConfigsResponse } from "@ottla/protocol/messages/33-alter-configs.ts";
import type { Handler } from "../handler.ts";
import { orRefusal } from "../unwritable-metadata.ts";

export const alterConfigsHandler: Handler<AlterConfigsRequest, AlterConfigsResponse> = {
  api: alterConfigsApi,
  handle: (request, context) =>
    orRefusal(context.broker.controller.alterConfigs(request), (refusal) => ({
      throttleTimeMs: 0,
      responses: request.resources.map(({ resourceType, resourceName }) => ({
        resourceType,
        resourceName,
        ...refusal,
      })),
    })),
};
