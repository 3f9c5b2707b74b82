// What happens on a new connection before the first request: the versions are agreed on, and the client authenticates.

import type { Clock, Random } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import type { ApiVersionsResponse } from "@ottla/protocol/messages/18-api-versions.ts";
import { brokerError } from "../errors.ts";
import type { ResolvedClientOptions } from "../options.ts";
import { brokerVersions, FIRST_API_VERSIONS_VERSION, nextApiVersionsVersion, software } from "./api-versions.ts";
import type { Connection } from "./connection.ts";

export interface HandshakeParts {
  readonly options: ResolvedClientOptions;
  readonly clock: Clock;
  readonly random: Random;
}

/** Makes an open connection ready for requests. @throws ConnectionError, TimeoutError, AuthenticationError, BrokerError */
export async function prepare(connection: Connection, { options }: HandshakeParts): Promise<void> {
  await negotiateVersions(connection, options.requestTimeoutMs);
}

/** Asks for the broker's versions and leaves them in the connection. */
export async function negotiateVersions(connection: Connection, timeoutMs: number): Promise<ApiVersionsResponse> {
  const body = { clientSoftwareName: software.name, clientSoftwareVersion: software.version };
  for (let version = FIRST_API_VERSIONS_VERSION; ;) {
    const response = await connection.exchange(apiVersionsApi, version, body, timeoutMs);
    if (response.errorCode === errorCodes.NONE) {
      connection.versions = brokerVersions(response);
      return response;
    }
    version = response.errorCode === errorCodes.UNSUPPORTED_VERSION ? nextApiVersionsVersion(response, version) : -1;
    if (version < 0) throw brokerError(response.errorCode, null, connection.context(apiVersionsApi.name));
  }
}
