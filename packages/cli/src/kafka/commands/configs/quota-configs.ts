// Quotas of users, clients and addresses, and the SCRAM credentials of users: `kafka-configs` for those entities.

import { settled } from "@ottla/client";
import type {
  Admin,
  ClientQuotas,
  QuotaEntity,
  QuotaFilterComponent,
  ScramChange,
  ScramMechanism,
} from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";
import type { CommandIo } from "../../command-io.ts";
import { clientQuotaNames, ipQuotaNames, scramMechanisms } from "../../text/config-names.ts";
import { errorNameOf, javaClass, javaMessage } from "../../text/java-error.ts";
import { doubleText } from "../../text/java-format.ts";
import type { WantedChanges } from "./changes.ts";
import type { EntityType } from "./options.ts";

export interface QuotaTarget {
  readonly types: readonly EntityType[];
  readonly names: readonly string[];
}

const TIMEOUT_MS = 60_000;
const kinds: Readonly<Partial<Record<EntityType, string>>> = { users: "user", clients: "client-id", ips: "ip" };

export async function describeQuotas(admin: Admin, io: CommandIo, target: QuotaTarget): Promise<void> {
  for (const described of await quotasOf(admin, target)) io.out(quotaLine(described));
  const { types, names } = target;
  if (types.includes("ips") || types.includes("clients") || names.includes("")) return;
  const { values, errors } = await settled(admin.describeUserScramCredentials(names));
  for (const [user, error] of errors) {
    // Users without credentials are not among those that Java's admin client lists.
    if (errorNameOf(error) === "RESOURCE_NOT_FOUND") continue;
    const name = javaClass(error).split(".").at(-1);
    io.out(`Error retrieving SCRAM credential configs for user-principal '${user}': ${name}: ${javaMessage(error)}`);
  }
  for (const { user, credentials } of values.values()) {
    const texts = credentials.map(({ mechanism, iterations }) => `${mechanism}=iterations=${iterations}`);
    io.out(`SCRAM credential configs for user-principal '${user}' are ${texts.join(", ")}`);
  }
}

/** `Quota configs for user-principal 'a', the default client-id are consumer_byte_rate=1.0` */
export function quotaLine({ entity, quotas }: ClientQuotas): string {
  const named = [
    ["user", "user-principal"],
    ["client-id", "client-id"],
    ["ip", "ip"],
  ] as const;
  const whom = named
    .filter(([kind]) => Object.hasOwn(entity, kind))
    .map(([kind, word]) => (entity[kind] === null ? `the default ${word}` : `${word} '${entity[kind]}'`));
  const values = Object.entries(quotas).map(([name, value]) => `${name}=${doubleText(value)}`);
  return `Quota configs for ${whom.join(", ")} are ${values.join(", ")}`;
}

async function quotasOf(admin: Admin, { types, names }: QuotaTarget): Promise<ClientQuotas[]> {
  if (names.length > types.length) throw new CommandFailure("More entity names specified than entity types");
  const components = types.map((type, index): QuotaFilterComponent => {
    const name = names[index];
    return { entityType: kinds[type]!, match: name === undefined ? "any" : name === "" ? "default" : { name } };
  });
  return await admin.describeClientQuotas(components, { strict: true });
}

/** @throws CommandFailure */
export async function alterQuotas(admin: Admin, target: QuotaTarget, wanted: WantedChanges): Promise<void> {
  const { types, names } = target;
  const all = [...wanted.set.keys(), ...wanted.remove];
  if (types[0] === "ips") {
    const unknown = all.filter((name) => !ipQuotaNames.includes(name));
    if (unknown.length > 0) {
      throw new CommandFailure(
        `Only connection quota configs can be added for 'ips' using --bootstrap-server. Unexpected config names: ${unknown.join(",")}`,
      );
    }
    return await setQuotas(admin, target, wanted);
  }
  checkNames(target, wanted);
  if (all.some((name) => clientQuotaNames.includes(name))) await setQuotas(admin, target, wanted);
  else await admin.alterUserScramCredentials(scramChanges(names[0]!, wanted), { timeoutMs: TIMEOUT_MS });
}

function checkNames({ types, names }: QuotaTarget, { set, remove }: WantedChanges): void {
  const isScram = (name: string): boolean => scramMechanisms.includes(name);
  const isQuota = (name: string): boolean => clientQuotaNames.includes(name);
  const forClients = types[0] === "clients" || types.length === 2;
  const kind = forClients ? "clients" : "users";
  const what = forClients ? "quota configs" : "quota and SCRAM credential configs";
  for (const [verb, given] of [
    ["added", [...set.keys()]],
    ["deleted", [...remove]],
  ] as const) {
    const unknown = given.filter((name) => !isQuota(name) && (forClients || !isScram(name)));
    if (unknown.length > 0) {
      throw new CommandFailure(
        `Only ${what} can be ${verb} for '${kind}' using --bootstrap-server. Unexpected config names: ${verb === "added" ? "Set" : "List"}(${unknown.join(", ")})`,
      );
    }
  }
  const all = [...set.keys(), ...remove];
  if (forClients || !all.some(isScram)) return;
  if (names.includes("")) {
    throw new CommandFailure(
      "The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials using --bootstrap-server.",
    );
  }
  if (all.some(isQuota)) {
    throw new CommandFailure(
      "Cannot alter both quota and SCRAM credential configs simultaneously for 'users' using --bootstrap-server.",
    );
  }
}

async function setQuotas(admin: Admin, target: QuotaTarget, { set, remove }: WantedChanges): Promise<void> {
  const { types, names } = target;
  if (types.length !== names.length) {
    throw new CommandFailure("Exactly one entity name must be specified for every entity type");
  }
  const [known] = await quotasOf(admin, target);
  const unknown = remove.filter((name) => !Object.hasOwn(known?.quotas ?? {}, name));
  if (unknown.length > 0) throw new CommandFailure(`Invalid config(s): ${unknown.join(",")}`);
  const entity: QuotaEntity = Object.fromEntries(
    types.map((type, index) => [kinds[type]!, names[index] === "" ? null : names[index]!]),
  );
  const quotas: Record<string, number | null> = Object.fromEntries(remove.map((name) => [name, null]));
  for (const [name, text] of set) {
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) {
      throw new CommandFailure(`Cannot parse quota configuration value for ${name}: ${text}`);
    }
    quotas[name] = value;
  }
  await admin.alterClientQuotas([{ entity, quotas }], { timeoutMs: TIMEOUT_MS });
}

/** `SCRAM-SHA-256=[iterations=8192,password=…]` @throws CommandFailure */
export function scramChanges(user: string, { set, remove }: WantedChanges): ScramChange[] {
  const deletions = remove.map((mechanism) => ({
    user,
    mechanism: mechanism as ScramMechanism,
    isDeleted: true as const,
  }));
  const upsertions = [...set].map(([mechanism, text]) => {
    const match = /^(?:iterations=(-?\d*),)?password=(.*)$/s.exec(text);
    if (match === null) throw new CommandFailure(`Invalid credential property ${mechanism}=${text}`);
    const iterations = match[1] === undefined || match[1] === "-1" ? 4096 : Number(match[1]);
    if (iterations < 4096) {
      throw new CommandFailure(`Iterations ${iterations} is less than the minimum 4096 required for ${mechanism}`);
    }
    return { user, mechanism: mechanism as ScramMechanism, password: match[2]!, iterations };
  });
  return [...deletions, ...upsertions];
}
