// `kafka-configs`: shows and changes configs of topics, brokers, groups and more, quotas and SCRAM credentials. Kafka: kafka.admin.ConfigCommand.

import { KafkaError } from "@ottla/client";
import type { Admin } from "@ottla/client";
import { refuseControllers, withAdmin } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import { ExitError } from "../command-io.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { isExpected, traceLine } from "../failure.ts";
import { javaMessage, rootError } from "../text/java-error.ts";
import { wantedChanges } from "./configs/changes.ts";
import type { WantedChanges } from "./configs/changes.ts";
import { readConfigOptions } from "./configs/options.ts";
import type { ConfigCommand } from "./configs/options.ts";
import { alterQuotas, describeQuotas } from "./configs/quota-configs.ts";
import { alterResource, describeResources } from "./configs/resource-configs.ts";
import type { ResourceEntity } from "./configs/resource-configs.ts";

export const configs: KafkaCommand = async (words, io) => {
  try {
    await run(await readConfigOptions(words, io), io);
    return 0;
  } catch (error) {
    if (error instanceof ExitError || !isExpected(error)) throw error;
    // Java tells of wrong arguments by their sentence alone.
    if (rootError(error) instanceof KafkaError || (error instanceof CommandFailure && error.javaClass !== null)) {
      io.error(`Error while executing config command with args '${words.join(" ")}'`);
      traceLine(io, error);
    } else io.error(javaMessage(error));
    return 1;
  }
};

async function run(command: ConfigCommand, io: CommandIo): Promise<void> {
  const { options, types, names } = command;
  refuseControllers(options.has("bootstrap-controller"));
  const where = { servers: options.text("bootstrap-server")!, configFile: options.text("command-config") };
  if (options.has("alter") && types.length !== names.length) {
    throw new CommandFailure("An entity name must be specified for every entity type");
  }
  await withAdmin(where, async (admin) => {
    if (options.has("describe")) await describe(admin, command, io);
    else await alter(admin, command, { io, wanted: await wantedChanges(options) });
  });
}

/** Null for entities with quotas. */
function resourceEntity({ types }: ConfigCommand): ResourceEntity | null {
  const [type] = types;
  return type === "users" || type === "clients" || type === "ips" ? null : type!;
}

async function describe(admin: Admin, command: ConfigCommand, io: CommandIo): Promise<void> {
  const entity = resourceEntity(command);
  const [name] = command.names;
  if (entity === null) await describeQuotas(admin, io, command);
  else await describeResources(admin, io, { entity, name, withAll: command.options.has("all") });
}

async function alter(
  admin: Admin,
  command: ConfigCommand,
  { io, wanted }: { readonly io: CommandIo; readonly wanted: WantedChanges },
): Promise<void> {
  const entity = resourceEntity(command);
  const name = command.names[0]!;
  if (entity === null) await alterQuotas(admin, command, wanted);
  else await alterResource(admin, { entity, name }, wanted);
  const [type] = command.types;
  io.out(
    name === ""
      ? `Completed updating default config for ${type} in the cluster.`
      : `Completed updating config for ${type!.slice(0, -1)} ${name}.`,
  );
}
