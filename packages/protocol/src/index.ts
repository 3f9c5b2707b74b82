// What the package offers without its schemas: those are imported one by one, as in "@ottla/protocol/messages/01-fetch.ts".

export { advertisedVersions, apiKeyEntry, apiKeys, isFlexible } from "./api-keys.ts";
export type { ApiKeyEntry, Audience } from "./api-keys.ts";
export { decodeKey, decodeValue, encodeKey, encodeValue, recordTypeOf } from "./coordinator-records/frame.ts";
export { errorCodes, errorMessage, errorName, isRetriable } from "./error-codes.ts";
export type { ErrorName } from "./error-codes.ts";
export { decodeMetadataFrame, encodeMetadataRecord } from "./metadata-records/frame.ts";
export type { MetadataFrame } from "./metadata-records/frame.ts";
export {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
} from "./request-header.ts";
export type { RequestHeader } from "./request-header.ts";
export type { Api, Decoded, Input, RecordType } from "./schema/define.ts";
export type { Codec } from "./schema/message-codec.ts";
export * from "./compression/index.ts";
export * from "./records/index.ts";
