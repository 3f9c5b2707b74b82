// The foundation: what every package may use and what knows nothing of Kafka's messages.

export { assert, AssertionError, unreachable } from "./assert.ts";
export { ByteReader, DecodeError, LONG_MAX, LONG_MIN, readInt32, readInt64 } from "./byte-reader.ts";
export { ByteWriter, writeInt32, writeInt64, ZERO_UUID } from "./byte-writer.ts";
export type { FramePart, StreamedPart } from "./byte-writer.ts";
export { ManualClock } from "./clock.ts";
export type { Clock, Timer } from "./clock.ts";
export { crc32c } from "./crc32c.ts";
export { RecordingLogger, silentLogger } from "./logger.ts";
export type { Logger, LogFields, LogLine } from "./logger.ts";
export { randomUuid, SeededRandom } from "./random.ts";
export type { Random } from "./random.ts";
