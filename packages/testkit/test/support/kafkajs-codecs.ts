// The codecs that kafkajs leaves to its users, from the libraries that its documentation names or Node has.

import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import kafkajs from "kafkajs";
import { compressFrame, decompressFrame } from "lz4-napi";
import snappy from "snappy";

interface Encoder {
  buffer: Buffer;
}

/** Registers snappy, lz4 and zstd with kafkajs, once per process. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: ({ buffer }: Encoder) => snappy.compress(buffer),
    decompress: (buffer: Buffer) => snappy.uncompress(buffer),
  });
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: ({ buffer }: Encoder) => compressFrame(buffer),
    decompress: (buffer: Buffer) => decompressFrame(buffer),
  });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: ({ buffer }: Encoder) => Promise.resolve(zstdCompressSync(buffer)),
    decompress: (buffer: Buffer) => Promise.resolve(zstdDecompressSync(buffer)),
  });
}
