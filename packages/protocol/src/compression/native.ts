// Loads compression code on first use: together the native modules and zlib cost more start time and memory than a broker
// that only sees uncompressed batches should pay (snappy alone: 160 ms on a small machine).

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

let zlibModule: typeof import("node:zlib") | null = null;
let lz4Module: typeof import("lz4-napi") | null = null;
let snappyModule: typeof import("snappy") | null = null;

export function zlib(): typeof import("node:zlib") {
  zlibModule ??= require("node:zlib") as typeof import("node:zlib");
  return zlibModule;
}

export function nativeLz4(): typeof import("lz4-napi") {
  lz4Module ??= require("lz4-napi") as typeof import("lz4-napi");
  return lz4Module;
}

export function nativeSnappy(): typeof import("snappy") {
  snappyModule ??= require("snappy") as typeof import("snappy");
  return snappyModule;
}
