// `ottla decode`: what is in one captured frame, as JSON. A request says itself what it is; a response does not, so the
// user says what it answers. What cannot be decoded is explained with the place where it went wrong.

import { ByteReader, DecodeError } from "@ottla/base";
import { apiKeyEntry, apiKeys, decodeRequestHeader, decodeResponseHeader } from "@ottla/protocol";
import type { ApiKeyEntry, Codec } from "@ottla/protocol";
import { CommandError } from "../command-error.ts";
import { describeMessage } from "../wire/describe-message.ts";
import { frameOf, parseHex } from "../wire/frame-hex.ts";

export interface DecodeOptions {
  readonly response?: true;
  /** Number or name of an API. */
  readonly apiKey?: string;
  readonly apiVersion?: number;
}

/** @param hex digits, or "-" for those on stdin. @throws CommandError when they are no frame. */
export async function decode(hex: string, options: DecodeOptions): Promise<void> {
  const answered = options.response === true ? answeredApi(options) : null;
  if (answered === null && (options.apiKey !== undefined || options.apiVersion !== undefined)) {
    throw new CommandError("--api-key and --api-version are for --response; a request says itself what it is");
  }
  const bytes = parseHex(hex === "-" ? await readStdin() : hex);
  const { frame, size } = frameOf(bytes, answered === null ? "request" : "response");
  const reader = new ByteReader(frame);
  const described = answered === null ? await describeRequest(reader) : await describeResponse(reader, answered);
  const left = reader.remaining();
  const result = { ...(size === null ? {} : { size }), ...described, ...(left === 0 ? {} : { bytesAfterBody: left }) };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
}

interface AnsweredApi {
  readonly entry: ApiKeyEntry;
  readonly version: number;
}

function answeredApi({ apiKey, apiVersion }: DecodeOptions): AnsweredApi {
  if (apiKey === undefined || apiVersion === undefined) {
    throw new CommandError("a response does not say what it answers: give --api-key and --api-version of the request");
  }
  const byName = apiKeys.find(({ name }) => name.toLowerCase() === apiKey.toLowerCase());
  const entry = /^\d+$/.test(apiKey) ? apiKeyEntry(Number(apiKey)) : byName;
  if (entry === undefined) throw new CommandError(`there is no API ${apiKey}`);
  return { entry, version: apiVersion };
}

async function describeRequest(reader: ByteReader): Promise<object> {
  const header = explained("the request header", () => decodeRequestHeader(reader));
  const entry = apiKeyEntry(header.apiKey)!;
  const body = await describeBody(reader, { entry, version: header.apiVersion }, "request");
  return { header: { apiName: entry.name, ...header }, body };
}

async function describeResponse(reader: ByteReader, { entry, version }: AnsweredApi): Promise<object> {
  const correlationId = explained("the response header", () => decodeResponseHeader(reader, entry.key, version));
  const header = { apiName: entry.name, apiKey: entry.key, apiVersion: version, correlationId };
  return { header, body: await describeBody(reader, { entry, version }, "response") };
}

async function describeBody(
  reader: ByteReader,
  { entry, version }: AnsweredApi,
  kind: "request" | "response",
): Promise<object> {
  const { allApis } = await import("@ottla/protocol/messages/all.ts");
  const codec: Codec<unknown, never> = allApis.find(({ key }) => key === entry.key)![kind];
  const { from, to } = codec.schema.versions;
  if (version < from || version > to) {
    throw new CommandError(
      `${entry.name} is known in versions ${from} to ${to}, this ${kind} is of version ${version}`,
    );
  }
  const message = explained(`the ${entry.name} ${kind} of version ${version}`, () => codec.decode(reader, version));
  return describeMessage(codec.schema.fields, version, message as object);
}

function explained<Result>(what: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new CommandError(`${what} cannot be decoded (cut off, or something else?): ${error.message}`);
  }
}

async function readStdin(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk as string;
  return text;
}
