// `kafka-delete-records`: deletes the records of partitions below the offsets of a JSON file. Kafka: org.apache.kafka.tools.DeleteRecordsCommand.

import { KafkaError, settled } from "@ottla/client";
import type { DeletedRecords, RecordsToDelete } from "@ottla/client";
import { withAdmin } from "../client/connect.ts";
import type { KafkaCommand } from "../command-io.ts";
import { CommandFailure } from "../command-failure.ts";
import { reportingFailures } from "../failure.ts";
import { Checks } from "../options/checks.ts";
import { option, optionTable } from "../options/option-table.ts";
import { parseOptions } from "../options/parse-options.ts";
import { javaText } from "../text/java-error.ts";
import { partitionText } from "../text/java-format.ts";
import { JsonNode } from "../text/json-text.ts";
import { readWholeFile } from "../text/properties-text.ts";

const table = optionTable([
  option("bootstrap-server", "server(s) to use for bootstrapping", "REQUIRED: the broker to connect to."),
  option(
    "offset-json-file",
    "Offset json file path",
    'REQUIRED: a JSON file with an offset for each partition, such as:\n{"partitions":\n  [{"topic": "foo", "partition": 1, "offset": 1}],\n "version":1\n}',
  ),
  option("command-config", "command config property file path", "Properties file with configs of the admin client."),
]);

export const deleteRecords: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const options = parseOptions(table, words);
    const checks = new Checks(io, options);
    checks.helpOrVersion("This tool helps to delete records of the given partitions down to the specified offset.");
    checks.required("bootstrap-server", "offset-json-file");
    const where = { servers: options.text("bootstrap-server")!, configFile: options.text("command-config") };
    await withAdmin(where, async (admin) => {
      const deletions = parseDeletions(await readWholeFile(options.text("offset-json-file")!));
      io.out("Executing records delete operation");
      const { values, errors } = await outcomes(deletions, admin.deleteRecords(deletions));
      io.out("Records delete operation completed:");
      for (const deletion of deletions) {
        const partition = partitionText(deletion);
        const error = errors.get(partition);
        io.out(
          error === undefined
            ? `partition: ${partition}\tlow_watermark: ${values.get(partition)!.lowWatermark}`
            : `partition: ${partition}\terror: ${javaText(error)}`,
        );
      }
    });
  });

/** By partition; what fails as a whole fails for each. */
async function outcomes(
  deletions: readonly RecordsToDelete[],
  call: Promise<Map<string, DeletedRecords>>,
): Promise<{ values: ReadonlyMap<string | number, DeletedRecords>; errors: ReadonlyMap<string | number, unknown> }> {
  try {
    return await settled(call);
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    return { values: new Map(), errors: new Map(deletions.map((deletion) => [partitionText(deletion), error])) };
  }
}

/** @throws CommandFailure */
export function parseDeletions(text: string): RecordsToDelete[] {
  const json = JsonNode.parse(text);
  const version = json.field("version")?.integer ?? 1;
  if (version !== 1) throw new CommandFailure(`Not supported version field value ${version}`);
  const partitions = json.field("partitions");
  if (partitions === undefined) throw new CommandFailure("Missing partitions field");
  const deletions = partitions.elements.map((each) => ({
    topic: each.needed("topic").text,
    partition: each.needed("partition").integer,
    beforeOffset: each.needed("offset").long,
  }));
  const names = deletions.map(partitionText);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  if (repeated.size > 0) {
    throw new CommandFailure(`Offset json file contains duplicate topic partitions: ${[...repeated].join(",")}`);
  }
  return deletions;
}
