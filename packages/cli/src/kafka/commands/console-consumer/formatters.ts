// Kafka's own formatters by their classes. Others are Java code, which cannot be had here.

import { DecodeError } from "@ottla/base";
import type { CoordinatorLog } from "../../../wire/describe-coordinator-record.ts";
import { CommandFailure } from "../../command-failure.ts";
import { defaultFormatter } from "./formatter.ts";
import type { Formatter } from "./formatter.ts";

const PACKAGE = "org.apache.kafka.tools.consumer.";

const OFFSET_COMMIT = 1;
const GROUP_METADATA = 2;
const FIRST_OF_SHARE = 10;
const LAST_OF_SHARE = 15;

/** @throws CommandFailure with the class's name, as Java has it for a class that is not there */
export async function formatterOf(className: string, properties: ReadonlyMap<string, string>): Promise<Formatter> {
  const name = className.startsWith(PACKAGE) ? className.slice(PACKAGE.length) : "";
  switch (name) {
    case "DefaultMessageFormatter":
    // What this one logs besides is not shown, as with the logging of Kafka's own scripts.
    case "LoggingMessageFormatter":
      return defaultFormatter(properties);
    case "NoOpMessageFormatter":
      return () => {};
    case "OffsetsMessageFormatter":
      return await coordinatorFormatter("offsets", (type) => type <= OFFSET_COMMIT);
    case "GroupMetadataMessageFormatter":
      return await coordinatorFormatter("offsets", (type) => type === GROUP_METADATA);
    case "TransactionLogMessageFormatter":
      return await coordinatorFormatter("transaction-log", () => true);
    case "ShareGroupMessageFormatter":
      return await coordinatorFormatter("offsets", (type) => type >= FIRST_OF_SHARE && type <= LAST_OF_SHARE);
    case "group.share.ShareGroupStateMessageFormatter":
      return await coordinatorFormatter("share-group-state", () => true);
    default:
      throw new CommandFailure(className);
  }
}

/** Records of the coordinators' topics as JSON, one behind the other without an end of line, as Kafka writes them. */
async function coordinatorFormatter(log: CoordinatorLog, isWanted: (type: number) => boolean): Promise<Formatter> {
  const { coordinatorJson } = await import("../../text/coordinator-json.ts");
  const { jsonText } = await import("../../text/message-json.ts");
  return ({ key, value, offset }, write) => {
    if (key === null) return;
    try {
      const record = coordinatorJson(log, { key, value });
      if ("unknownType" in record || !isWanted(record.type)) return;
      write(jsonText({ key: { type: record.type, data: record.key }, value: record.value }));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new CommandFailure(`Could not read record at offset ${offset} due to: ${error.message}`, { cause: error });
    }
  };
}
