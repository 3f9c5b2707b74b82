// Loads compression code on first use: together the native modules and zlib cost more start time and memory than a broker
// that only sees uncompressed batches should pay (snappy alone: 160 ms on a small machine).

import { createRequire } from "node:module";
import type * as Zlib from "node:zlib";
import type * as Lz4 from "lz4-napi";
import type * as Snappy from "snappy";

const require = createRequire(import.meta.url);

let zlibModule: typeof Zlib | null = null;
let lz4Module: typeof Lz4 | null = null;
let snappyModule: typeof Snappy | null = null;

export function zlib(): typeof Zlib {
  zlibModule ??= require("node:zlib") as typeof Zlib;
  return zlibModule;
}

export function nativeLz4(): typeof Lz4 {
  lz4Module ??= require("lz4-napi") as typeof Lz4;
  return lz4Module;
}

export function nativeSnappy(): typeof Snappy {
  snappyModule ??= require("snappy") as typeof Snappy;
  return snappyModule;
}
