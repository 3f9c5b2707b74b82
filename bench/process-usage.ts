// What a process costs, from /proc (Linux only; elsewhere every figure is null and the table shows a dash).

import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100; // USER_HZ, fixed in Linux's interface to user space
const BYTES_PER_MEGABYTE = 1e6;

/** Seconds of CPU, user and system, that the process with all its threads has used so far. */
export function cpuSeconds(pid: number): number | null {
  const stat = readProcess(pid, "stat");
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Seconds of CPU that all processes of the machine together have used so far. */
export function machineCpuSeconds(): number | null {
  try {
    const [, user, nice, system, , , interrupts, softInterrupts] = readFileSync("/proc/stat", "utf8")
      .split(/\s+/, 8)
      .map(Number);
    return (user! + nice! + system! + interrupts! + softInterrupts!) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}

/** Resident megabytes (10^6 bytes): now, and at most so far. */
export function residentMegabytes(pid: number): { now: number; peak: number } | null {
  const status = readProcess(pid, "status");
  if (status === null) return null;
  const kilobytes = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN);
  return {
    now: (kilobytes("VmRSS") * 1024) / BYTES_PER_MEGABYTE,
    peak: (kilobytes("VmHWM") * 1024) / BYTES_PER_MEGABYTE,
  };
}

function readProcess(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return null;
  }
}
