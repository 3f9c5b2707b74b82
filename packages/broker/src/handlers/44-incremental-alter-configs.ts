// IncrementalAlterConfigs: sets, deletes, appends to or subtracts from single configs (KIP-339). Versions 0 to 1.
// A change is in force when this answers.

import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import type { Handler } from "../handler.ts";
import { orRefusal } from "../unwritable-metadata.ts";

export const incrementalAlterConfigsHandler: Handler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> =
  {
    api: incrementalAlterConfigsApi,
    handle: (request, context) =>
      orRefusal(context.broker.controller.incrementalAlterConfigs(request), (refusal) => ({
        throttleTimeMs: 0,
        responses: request.resources.map(({ resourceType, resourceName }) => ({
          resourceType,
          resourceName,
          ...refusal,
        })),
      })),
  };
