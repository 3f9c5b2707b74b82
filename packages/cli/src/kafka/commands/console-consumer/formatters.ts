// Kafka's own formatters by their classes. Others are Java code, which cannot be had here.

import { CommandFailure } from "../../command-failure.ts";
import { defaultFormatter } from "./formatter.ts";
import type { Formatter } from "./formatter.ts";

const PACKAGE = "org.apache.kafka.tools.consumer.";

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
    default:
      throw new CommandFailure(className);
  }
}
