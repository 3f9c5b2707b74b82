// The log on disk or in memory: what the package offers.

export { DataFolder, FolderDamagedError, FolderInUseError } from "./data-folder.ts";
export type { MetaProperties } from "./checkpoint-files.ts";
export { LogDirectory } from "./log-directory.ts";
export type { LogDirectoryOptions, LogDirectorySettings } from "./log-directory.ts";
export { createLogContext } from "./log-context.ts";
export type { LogContext, LogContextOptions, LogEvents, TurnScheduler } from "./log-context.ts";
export { createPartitionLog, openPartitionLog } from "./log-loader.ts";
export type { OpenLogOptions } from "./log-loader.ts";
export { PartitionLog } from "./partition-log.ts";
export type {
  AbortedRange,
  AppendOptions,
  AppendResult,
  ReadData,
  ReadOptions,
  ReadRefusal,
  ReadResult,
  TimestampAndOffset,
} from "./log-results.ts";
export type { LogConfig } from "./log-config.ts";
export type { ActiveProducer } from "./producer-state.ts";
export { NO_GUARD } from "./transaction-verifications.ts";
export type { TransactionBeginning } from "./transaction-verifications.ts";
export type { TransactionTerms } from "./producer-rules.ts";
export type { EpochEntry } from "./leader-epochs.ts";
export { DiskFileSystem } from "./disk-file-system.ts";
export { MemoryFileSystem } from "./memory-file-system.ts";
export { errorCodeOf, FileError } from "./file-system.ts";
export type { File, FileLock, FileStatus, FileSystem, FolderEntry, VolumeSpace, WriteDone } from "./file-system.ts";
export { fileKindOf, inspectFile } from "./inspect/inspect-file.ts";
export type { FileKind, InspectedEntry, InspectOptions, ProblemEntry } from "./inspect/inspect-file.ts";
export type { BatchEntry } from "./inspect/inspect-log.ts";
export type { IndexFileEntry } from "./inspect/inspect-index.ts";
export type { SnapshotEntry } from "./inspect/inspect-snapshot.ts";
export type { CheckpointEntry } from "./inspect/inspect-checkpoint.ts";
