// How much a running broker keeps: heap in use after a full collection, and what is resident. A Node process is asked through its inspector,
// which must have been opened with `--inspect`; a Java process by jcmd, whose class histogram collects first.

import { execFileSync } from "node:child_process";
import { residentMegabytes } from "../process-usage.ts";

export interface Kept {
  /** Of a Node process with what it keeps outside the heap, such as buffers. */
  heapBytes: number;
  residentBytes: number;
}

export interface MemoryProbe {
  read(): Promise<Kept>;
  close(): void;
}

export function javaMemory(pid: number): MemoryProbe {
  return {
    read: async () => {
      const histogram = execFileSync("jcmd", [String(pid), "GC.class_histogram"], { encoding: "utf8", maxBuffer: 1e8 });
      const heapBytes = Number(/^Total\s+\d+\s+(\d+)/m.exec(histogram)?.[1] ?? Number.NaN);
      return { heapBytes, residentBytes: residentBytes(pid) };
    },
    close: () => {},
  };
}

export async function nodeMemory(pid: number, inspectorPort: number): Promise<MemoryProbe> {
  const targets = (await (await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets[0]!.webSocketDebuggerUrl);
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("the inspector does not answer")));
  });
  let lastId = 0;
  const call = (method: string, params: object = {}): Promise<unknown> => {
    const id = ++lastId;
    socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  return {
    read: async () => {
      // Twice, because what is outside the heap goes only after the objects that held it.
      await call("HeapProfiler.collectGarbage");
      await call("HeapProfiler.collectGarbage");
      const expression = "(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())";
      const { result } = (await call("Runtime.evaluate", { expression })) as { result: { value: number } };
      return { heapBytes: result.value, residentBytes: residentBytes(pid) };
    },
    close: () => socket.close(),
  };
}

function residentBytes(pid: number): number {
  return (residentMegabytes(pid)?.now ?? Number.NaN) * 1e6;
}
