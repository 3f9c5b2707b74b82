// The LZ4 frame format as Kafka's clients write and read it (Lz4BlockInputStream, Lz4BlockOutputStream): independent blocks,
// header checksum, block checksums when flagged. Content size and content checksum are skipped, as Kafka skips them; what comes
// after the end mark is ignored. Blocks go to the native code one by one, so that a limit holds before memory is spent.

import { DecodeError } from "@ottla/base";
import { asDecodeError, DecompressedTooLargeError, joined } from "./decompress-error.ts";
import { compressLz4BlockHard } from "./lz4-block-hard.ts";
import { nativeLz4 } from "./native.ts";
import { compressionLevels } from "./compression-type.ts";
import { xxhash32 } from "./xxhash32.ts";

const FRAME_MAGIC = 0x184d2204;
const FLAGS = {
  version: 0x40,
  independentBlocks: 0x20,
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  reserved: 0x03,
};
const UNCOMPRESSED_BLOCK = 0x8000_0000;
/** Block size id 4, the only one that Kafka's own writer uses. */
const WRITTEN_BLOCK_BYTES = 64 * 1024;

interface FrameHeader {
  maxBlockBytes: number;
  blockChecksums: boolean;
  end: number;
}

/** @param level 1 to 17; 9, Kafka's default, is LZ4's fast mode and any other a search of that effort, as in lz4-java. */
export function compressLz4(bytes: Buffer, level: number): Buffer {
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, FLAGS.version | FLAGS.independentBlocks, 0x40, 0]);
  header[6] = (xxhash32(header, 4, 6) >>> 8) & 0xff;
  const pieces: Buffer[] = [header];
  let total = header.length;
  for (let at = 0; at < bytes.length; at += WRITTEN_BLOCK_BYTES) {
    const source = bytes.subarray(at, at + WRITTEN_BLOCK_BYTES);
    const block = compressBlock(source, level);
    const size = Buffer.allocUnsafe(4);
    const kept = block.length < source.length ? block : source;
    size.writeUInt32LE(kept === block ? block.length : source.length + UNCOMPRESSED_BLOCK, 0);
    pieces.push(size, kept);
    total += 4 + kept.length;
  }
  pieces.push(Buffer.alloc(4));
  return Buffer.concat(pieces, total + 4);
}

/**
 * @param checkHeader false for magic 0, whose writers computed the header's checksum over the wrong bytes (KAFKA-3160).
 * @throws DecodeError
 */
export function decompressLz4(bytes: Buffer, limitBytes: number, checkHeader: boolean): Buffer {
  const header = readHeader(bytes, checkHeader);
  const pieces: Buffer[] = [];
  let total = 0;
  for (let at = header.end; ;) {
    if (bytes.length - at < 4) throw new DecodeError("lz4: the frame ends without an end mark");
    const word = bytes.readUInt32LE(at);
    if (word === 0) return joined(pieces, total);
    const size = word % UNCOMPRESSED_BLOCK;
    const next = at + 4 + size + (header.blockChecksums ? 4 : 0);
    if (size > header.maxBlockBytes || next > bytes.length)
      throw new DecodeError(`lz4: a block of ${size} bytes does not fit`);
    if (header.blockChecksums) checkBlock(bytes, at + 4, at + 4 + size);
    const block =
      word >= UNCOMPRESSED_BLOCK ? bytes.subarray(at + 4, at + 4 + size) : decompressBlock(bytes, at, size, header);
    total += block.length;
    if (total > limitBytes) throw new DecompressedTooLargeError(limitBytes);
    pieces.push(block);
    at = next;
  }
}

function readHeader(bytes: Buffer, checkHeader: boolean): FrameHeader {
  if (bytes.length < 7) throw new DecodeError("lz4: the frame header is cut");
  if (bytes.readUInt32LE(0) !== FRAME_MAGIC) throw new DecodeError("lz4: not an LZ4 frame");
  const flags = bytes[4]!;
  const blockSizeId = bytes[5]! >> 4;
  const wanted = FLAGS.version | FLAGS.independentBlocks;
  if ((flags & (0xc0 | FLAGS.independentBlocks | FLAGS.reserved)) !== wanted)
    throw new DecodeError(`lz4: frame flags ${flags} are not supported`);
  if (blockSizeId < 4 || blockSizeId > 7 || (bytes[5]! & 0x0f) !== 0)
    throw new DecodeError(`lz4: block descriptor ${bytes[5]} is not valid`);
  const checksumAt = 6 + ((flags & FLAGS.contentSize) === 0 ? 0 : 8);
  if (bytes.length <= checksumAt) throw new DecodeError("lz4: the frame header is cut");
  if (checkHeader && bytes[checksumAt] !== ((xxhash32(bytes, 4, checksumAt) >>> 8) & 0xff)) {
    throw new DecodeError("lz4: the frame header's checksum does not match");
  }
  return {
    maxBlockBytes: 1 << (8 + 2 * blockSizeId),
    blockChecksums: (flags & FLAGS.blockChecksum) !== 0,
    end: checksumAt + 1,
  };
}

function checkBlock(bytes: Buffer, start: number, end: number): void {
  if (bytes.readUInt32LE(end) !== xxhash32(bytes, start, end))
    throw new DecodeError("lz4: a block's checksum does not match");
}

// The native call takes the output's size in front of the block and accepts any size that is large enough.
// lz4 cannot unfold a byte into more than 255, so small blocks ask for less than the frame's block size.
function decompressBlock(bytes: Buffer, at: number, size: number, header: FrameHeader): Buffer {
  const input = Buffer.allocUnsafe(size + 4);
  input.writeUInt32LE(Math.min(header.maxBlockBytes, size * 255), 0);
  bytes.copy(input, 4, at + 4, at + 4 + size);
  try {
    return nativeLz4().uncompressSync(input);
  } catch (error) {
    throw asDecodeError("lz4", error);
  }
}

function compressBlock(source: Buffer, level: number): Buffer {
  if (level !== compressionLevels.lz4.default) return compressLz4BlockHard(source, level);
  return nativeLz4().compressSync(source).subarray(4);
}
