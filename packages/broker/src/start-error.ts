// Errors of a start that its user can mend, as one line each. Everything else is a bug and keeps its stack.

import { ConfigError, MetadataLogError } from "@ottla/metadata";
import { FolderDamagedError, FolderInUseError } from "@ottla/storage";

/** A start that failed for a reason outside Ottla; the message is the one line to show. */
export class StartError extends Error {
  override name = "StartError";
}

/** Errors whose message is one line for whoever starts a broker. */
const FOR_THE_USER = [ConfigError, FolderInUseError, FolderDamagedError, MetadataLogError] as const;

interface SystemError extends Error {
  code?: string;
  path?: string;
  address?: string;
  port?: number;
}

/** Turns what the operating system or the config said into a StartError; leaves other errors as they are. */
export function startErrorOf(error: unknown): unknown {
  if (error instanceof StartError || !(error instanceof Error)) return error;
  if (FOR_THE_USER.some((kind) => error instanceof kind)) return new StartError(error.message, { cause: error });
  const line = systemLine(error);
  return line === null ? error : new StartError(line, { cause: error });
}

function systemLine(error: SystemError): string | null {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${error.port} on ${error.address} is in use: stop what listens there, or choose another with --port (0 takes any free one)`;
    case "EADDRNOTAVAIL":
      return `${error.address} is not an address of this machine`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host of a listener is not known: ${error.message}`;
    case "EACCES":
    case "EPERM":
      if (error.port !== undefined) return `port ${error.port} may not be opened by this user`;
      return `${error.path ?? "the data folder"} cannot be read and written by this user`;
    case "EROFS":
      return `${error.path ?? "the data folder"} is on a read-only file system`;
    case "ENOTDIR":
    case "EEXIST":
      return `${error.path ?? "the data folder"} is not a folder`;
    case "ENOENT":
    case "ENAMETOOLONG":
    case "ELOOP":
      return error.path === undefined ? null : `${error.path} cannot be found or made there`;
    case "ENOSPC":
      return `no space left for ${error.path ?? "the data folder"}`;
    default:
      return null;
  }
}
