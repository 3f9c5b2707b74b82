// Kafka's names for the files and folders of a log (LogFileUtils, LocalLog). Pure text, no files are touched here.

import { assert } from "@ottla/base";

export const LOG_SUFFIX = ".log";
export const OFFSET_INDEX_SUFFIX = ".index";
export const TIME_INDEX_SUFFIX = ".timeindex";
export const TRANSACTION_INDEX_SUFFIX = ".txnindex";
export const SNAPSHOT_SUFFIX = ".snapshot";
/** Added to a file that is removed after file.delete.delay.ms. */
export const DELETED_SUFFIX = ".deleted";
/** Left by the cleaner: unfinished output, and finished output that was not yet swapped in. */
export const CLEANED_SUFFIX = ".cleaned";
export const SWAP_SUFFIX = ".swap";

export const DELETE_FOLDER_SUFFIX = "-delete";
export const FUTURE_FOLDER_SUFFIX = "-future";
export const STRAY_FOLDER_SUFFIX = "-stray";

export const METADATA_TOPIC = "__cluster_metadata";

const OFFSET_DIGITS = 20;
/** Kafka shortens the topic so that the renamed folder fits into 255 bytes. */
const FOLDER_NAME_LIMIT = 255;

/** `00000000000000000042.log` for 42 and ".log". */
export function offsetFileName(offset: number, suffix: string): string {
  return String(offset).padStart(OFFSET_DIGITS, "0") + suffix;
}

/** The offset in front of `suffix`, or null when the name has another shape. */
export function offsetOfFileName(name: string, suffix: string): number | null {
  if (name.length !== OFFSET_DIGITS + suffix.length || !name.endsWith(suffix)) return null;
  const digits = name.slice(0, OFFSET_DIGITS);
  if (!/^\d+$/.test(digits)) return null;
  const offset = Number(digits);
  return Number.isSafeInteger(offset) ? offset : null;
}

export interface PartitionFolder {
  topic: string;
  partition: number;
  /** "delete": waits to be removed; "future", "stray": kept by Kafka, not served. */
  state: "live" | "delete" | "future" | "stray";
}

export function partitionFolderName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

export interface RenamedFolder {
  topic: string;
  partition: number;
  /** 32 hexadecimal digits. */
  uniqueId: string;
}

/** The name a folder gets when its partition is deleted: `topic-0.<32 hexadecimal digits>-delete`. */
export function deletedFolderName(renamed: RenamedFolder): string {
  return renamedFolderName(renamed, DELETE_FOLDER_SUFFIX);
}

/** The name a folder gets that belongs to no topic any more. */
export function strayFolderName(renamed: RenamedFolder): string {
  return renamedFolderName(renamed, STRAY_FOLDER_SUFFIX);
}

function renamedFolderName({ topic, partition, uniqueId }: RenamedFolder, ending: string): string {
  assert(/^[0-9a-f]{32}$/.test(uniqueId), "a unique id is 32 hexadecimal digits");
  const suffix = `-${partition}.${uniqueId}${ending}`;
  return topic.slice(0, FOLDER_NAME_LIMIT - suffix.length) + suffix;
}

/** Null when the folder is not a partition's. Kafka refuses to start then; we leave such a folder alone. */
export function parsePartitionFolder(name: string): PartitionFolder | null {
  const marked = /^(?<partition>.+)\.[0-9a-f]{32}-(?<state>delete|future|stray)$/.exec(name);
  const state = (marked?.groups?.state ?? "live") as PartitionFolder["state"];
  const match = /^(?<topic>[A-Za-z0-9._-]+)-(?<index>\d{1,10})$/.exec(marked?.groups?.partition ?? name);
  if (match === null) return null;
  return { topic: match.groups!.topic!, partition: Number(match.groups!.index), state };
}

/** The folder that holds `path`: "." for a name alone, "/" for a top folder. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "." : path.slice(0, Math.max(1, slash));
}
