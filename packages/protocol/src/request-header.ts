// Request and response headers. A request header is version 1, or version 2 (with tagged fields) in flexible versions;
// its client id keeps the old two-byte length in both, so that a broker of any age can read it.
// A response header is version 0, or 1 in flexible versions, but ApiVersions always answers with 0 (KIP-511).

import { DecodeError } from "@ottla/base";
import { apiKeyEntry, isFlexible } from "./api-keys.ts";
import { internText } from "./schema/interning.ts";
import type { ByteReader, ByteWriter } from "@ottla/base";
import type { ApiKeyEntry } from "./api-keys.ts";

const API_VERSIONS_KEY = 18;

export interface RequestHeader {
  apiKey: number;
  apiVersion: number;
  correlationId: number;
  clientId: string | null;
}

/**
 * Reads a request header and leaves the reader at the body. The version may be one that nobody serves.
 * @throws DecodeError when it is truncated, or when the API key is unknown: the header's form then is unknown too.
 */
export function decodeRequestHeader(reader: ByteReader): RequestHeader {
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const entry = entryOf(apiKey);
  const clientId = decodeClientId(reader);
  if (isFlexible(entry, apiVersion)) skipTags(reader);
  return { apiKey, apiVersion, correlationId, clientId };
}

/** @throws DecodeError when the API key is unknown. */
export function encodeRequestHeader(writer: ByteWriter, header: RequestHeader): void {
  const { apiKey, apiVersion, correlationId, clientId } = header;
  writer.int16(apiKey);
  writer.int16(apiVersion);
  writer.int32(correlationId);
  if (clientId === null) {
    writer.int16(-1);
  } else {
    const length = Buffer.byteLength(clientId);
    writer.int16(length);
    writer.utf8(clientId, length);
  }
  if (isFlexible(entryOf(apiKey), apiVersion)) writer.int8(0);
}

/** Reads the header of a response to a request of this key and version. Returns the correlation id. */
export function decodeResponseHeader(reader: ByteReader, apiKey: number, apiVersion: number): number {
  const correlationId = reader.int32();
  if (hasResponseTags(apiKey, apiVersion)) skipTags(reader);
  return correlationId;
}

export function encodeResponseHeader(
  writer: ByteWriter,
  apiKey: number,
  apiVersion: number,
  correlationId: number,
): void {
  writer.int32(correlationId);
  if (hasResponseTags(apiKey, apiVersion)) writer.int8(0);
}

function decodeClientId(reader: ByteReader): string | null {
  const length = reader.int16();
  if (length < 0) return null;
  const start = reader.skip(length);
  return internText(reader.buffer, start, start + length);
}

function hasResponseTags(apiKey: number, apiVersion: number): boolean {
  return apiKey !== API_VERSIONS_KEY && isFlexible(entryOf(apiKey), apiVersion);
}

function entryOf(apiKey: number): ApiKeyEntry {
  const entry = apiKeyEntry(apiKey);
  if (entry === undefined) throw new DecodeError(`there is no API key ${apiKey}`);
  return entry;
}

function skipTags(reader: ByteReader): void {
  for (let left = reader.unsignedVarint(); left > 0; left--) {
    reader.unsignedVarint();
    reader.skip(reader.unsignedVarint());
  }
}
