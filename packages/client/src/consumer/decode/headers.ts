// Reads a record's headers when somebody asks for them. The decoder has walked them before, so what is read here is well formed.

import { ByteReader } from "@ottla/base";
import type { Header } from "../../records.ts";

/** The headers whose number is at `at`. Values share memory with the buffer. */
export function readHeaders(bytes: Buffer, at: number): readonly Header[] {
  const reader = new ByteReader(bytes, at);
  const count = reader.varint();
  const headers: Header[] = [];
  for (let index = 0; index < count; index++) {
    const key = reader.utf8(reader.varint());
    const valueLength = reader.varint();
    headers.push({ key, value: valueLength < 0 ? null : reader.bytes(valueLength) });
  }
  return headers;
}
