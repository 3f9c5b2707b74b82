// Which APIs a broker of whatever make serves. An old broker refuses the version of the question itself and says which it knows
// (KIP-511); then it is asked again in that one.

import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import { apiKeyEntry, decodeResponseHeader, encodeRequestHeader, errorCodes, errorName } from "@ottla/protocol";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import type { ApiVersionsResponse } from "@ottla/protocol/messages/18-api-versions.ts";
import manifest from "../../package.json" with { type: "json" };
import { CommandError } from "../command-error.ts";
import { askBroker } from "./ask-broker.ts";
import type { BrokerAddress } from "./ask-broker.ts";

const CORRELATION_ID = 1;

/** @throws CommandError when there is no answer, or none that can be understood. */
export async function askForVersions(address: BrokerAddress): Promise<ApiVersionsResponse> {
  const newest = apiKeyEntry(apiVersionsApi.key)!.versions.to;
  const first = await ask(address, newest);
  if (first.errorCode !== errorCodes.UNSUPPORTED_VERSION) return accepted(address, first);
  const known = first.apiKeys.find(({ apiKey }) => apiKey === apiVersionsApi.key)?.maxVersion ?? 0;
  return accepted(address, await ask(address, Math.min(newest - 1, known)));
}

async function ask(address: BrokerAddress, version: number): Promise<ApiVersionsResponse> {
  const writer = new ByteWriter();
  encodeRequestHeader(writer, {
    apiKey: apiVersionsApi.key,
    apiVersion: version,
    correlationId: CORRELATION_ID,
    clientId: "ottla",
  });
  apiVersionsApi.request.encode(writer, version, {
    clientSoftwareName: "ottla",
    clientSoftwareVersion: manifest.version,
  });
  const frame = await askBroker(address, writer.toBuffer());
  try {
    return decodeAnswer(frame, version);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new CommandError(
      `${address.host}:${address.port} answered with something that is not an ApiVersions response: ${error.message}`,
    );
  }
}

function decodeAnswer(frame: Buffer, version: number): ApiVersionsResponse {
  const reader = new ByteReader(frame);
  if (decodeResponseHeader(reader, apiVersionsApi.key, version) !== CORRELATION_ID) {
    throw new DecodeError("it answers another request");
  }
  // A broker that does not know the version answers in version 0, which begins with the same error code.
  const refused = reader.remaining() >= 2 && frame.readInt16BE(reader.offset) === errorCodes.UNSUPPORTED_VERSION;
  return apiVersionsApi.response.decode(reader, refused ? 0 : version);
}

function accepted(address: BrokerAddress, response: ApiVersionsResponse): ApiVersionsResponse {
  if (response.errorCode === errorCodes.NONE) return response;
  throw new CommandError(`${address.host}:${address.port} refused to answer: ${errorName(response.errorCode)}`);
}
