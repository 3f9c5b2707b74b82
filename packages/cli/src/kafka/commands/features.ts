// `kafka-features`: shows and changes the features of the cluster. Kafka: org.apache.kafka.tools.FeatureCommand.

import { KafkaError, settled } from "@ottla/client";
import type { Admin, FeatureDescription, FeatureUpdate, FeatureUpgradeType } from "@ottla/client";
import { helpLines } from "../arguments/arguments-usage.ts";
import { ArgumentError, ParsedArguments, parseArguments } from "../arguments/parse-arguments.ts";
import { refuseControllers, withAdmin } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import { ExitError } from "../command-io.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { futureMessage, isExpected } from "../failure.ts";
import { javaMessage } from "../text/java-error.ts";
import { compareTexts } from "../text/java-format.ts";
import { featuresTable } from "./features/arguments.ts";
import {
  LATEST_PRODUCTION,
  METADATA_VERSION,
  defaultLevel,
  features as knownFeatures,
  levelText,
  metadataVersionLevel,
  metadataVersionName,
} from "./features/versions.ts";

export const features: KafkaCommand = async (words, io) => {
  try {
    const parsed = parseArguments(featuresTable, words);
    if (parsed instanceof ParsedArguments) await run(parsed, io);
    else if (parsed.kind === "help") {
      for (const line of helpLines(featuresTable, parsed.subcommand)) io.out(line);
    }
    return 0;
  } catch (error) {
    if (error instanceof ArgumentError) io.error(`Command line error: ${error.message}. Type --help for help.`);
    else if (error instanceof ExitError || !isExpected(error)) throw error;
    else io.error(futureMessage(error));
    return 1;
  }
};

async function run(parsed: ParsedArguments, io: CommandIo): Promise<void> {
  if (parsed.subcommand === "version-mapping") {
    for (const line of mappingLines(parsed.text("--release-version") ?? LATEST_PRODUCTION)) io.out(line);
    return;
  }
  if (parsed.subcommand === "feature-dependencies") {
    for (const text of parsed.texts("--feature")!) for (const line of dependencyLines(text)) io.out(line);
    return;
  }
  refuseControllers(parsed.has("--bootstrap-controller"));
  const servers = parsed.text("--bootstrap-server");
  if (servers === undefined) {
    throw new ArgumentError("You must specify either --bootstrap-controller or --bootstrap-server.", null);
  }
  await withAdmin({ servers, configFile: parsed.text("--command-config") }, async (admin) => {
    if (parsed.subcommand === "describe") await describe(admin, parsed, io);
    else await update(admin, parsed, io);
  });
}

/** @throws CommandFailure */
export function mappingLines(release: string): string[] {
  const level = metadataVersionLevel(release);
  return [
    `metadata.version=${level} (${release})`,
    ...Object.keys(knownFeatures).map((feature) => `${feature}=${defaultLevel(feature, level)}`),
  ];
}

/** @throws CommandFailure */
export function dependencyLines(text: string): string[] {
  const [feature, level] = nameAndLevel(text);
  if (feature === METADATA_VERSION) {
    const name = metadataVersionName(level);
    if (name === undefined) throw new CommandFailure(`Unknown metadata.version ${level}`);
    return [`${feature}=${level} (${name}) has no dependencies.`];
  }
  if (!Object.hasOwn(knownFeatures, feature)) throw new CommandFailure(`Unknown feature: ${feature}`);
  const known = knownFeatures[feature]![level];
  if (known === undefined) throw new CommandFailure(`No feature:${feature} with feature level ${level}`);
  if (known.needs === undefined) return [`${feature}=${level} has no dependencies.`];
  const needs = Object.entries(known.needs).map(([name, needed]) =>
    name === METADATA_VERSION ? `    ${name}=${needed} (${metadataVersionName(needed)})` : `    ${name}=${needed}`,
  );
  return [`${feature}=${level} requires:`, ...needs];
}

function nameAndLevel(text: string): [string, number] {
  const equals = text.indexOf("=");
  if (equals < 0) throw new CommandFailure(`Can't parse feature=level string ${text}: equals sign not found.`);
  const level = text.slice(equals + 1).trim();
  if (!/^[+-]?\d+$/.test(level) || Math.abs(Number(level)) > 32_767) {
    throw new CommandFailure(`Can't parse feature=level string ${text}: unable to parse ${level} as a short.`);
  }
  return [text.slice(0, equals).trim(), Number(level)];
}

async function describe(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  const nodeId = parsed.number("--node-id");
  if (nodeId !== undefined && nodeId < 0) {
    throw new CommandFailure(`Invalid node id ${nodeId}: must be non-negative.`);
  }
  const described = await admin.describeFeatures(nodeId === undefined ? {} : { nodeId });
  for (const line of featureLines(described)) io.out(line);
}

export function featureLines({ supported, finalized, finalizedEpoch }: FeatureDescription): string[] {
  return [...supported]
    .sort(([one], [other]) => compareTexts(one, other))
    .map(([feature, { min, max }]) => {
      const level = (value: number): string => levelText(feature, value).padEnd(15);
      return `Feature: ${feature.padEnd(40)}  SupportedMinVersion: ${level(min)}  SupportedMaxVersion: ${level(max)}  FinalizedVersionLevel: ${level(finalized.get(feature)?.max ?? 0)}  Epoch: ${finalizedEpoch ?? "-"}`;
    });
}

async function update(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  const verb = parsed.subcommand;
  const isDryRun = parsed.has("--dry-run");
  const updates = wantedUpdates(parsed, io);
  if (updates.length === 0) throw new CommandFailure(`You must specify at least one feature to ${verb}`);
  const errors = await updateErrors(updates, admin.updateFeatures(updates, { validateOnly: isDryRun }));
  for (const { feature, maxVersionLevel } of [...updates].sort((one, other) =>
    compareTexts(one.feature, other.feature),
  )) {
    const error = errors.get(feature);
    const what = verb === "disable" ? `disable ${feature}` : `${verb} ${feature} to ${maxVersionLevel}`;
    const done = verb === "disable" ? "disabled." : `${verb}d to ${maxVersionLevel}.`;
    io.out(
      error === undefined
        ? `${feature} ${isDryRun ? "can be" : "was"} ${done}`
        : `${isDryRun ? "Can not" : "Could not"} ${what}. ${javaMessage(error)}`,
    );
  }
  if (errors.size > 0) throw new CommandFailure(`${errors.size} out of ${updates.length} operation(s) failed.`);
}

/** By feature; what fails as a whole fails for each. */
async function updateErrors(
  updates: readonly FeatureUpdate[],
  call: Promise<void>,
): Promise<ReadonlyMap<string | number, unknown>> {
  try {
    return (await settled(call)).errors;
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    return new Map(updates.map(({ feature }) => [feature, error]));
  }
}

function wantedUpdates(parsed: ParsedArguments, io: CommandIo): FeatureUpdate[] {
  const upgradeType: FeatureUpgradeType =
    parsed.subcommand === "upgrade" ? "UPGRADE" : parsed.has("--unsafe") ? "UNSAFE_DOWNGRADE" : "SAFE_DOWNGRADE";
  const named = parsed.texts("--feature");
  const release = parsed.text("--release-version");
  const metadata = parsed.text("--metadata");
  if (release !== undefined && (metadata !== undefined || named !== undefined)) {
    throw new CommandFailure("Can not specify `release-version` with other feature flags.");
  }
  if (release !== undefined) return releaseUpdates(release, upgradeType);
  const levels = new Map<string, number>();
  if (metadata !== undefined) {
    io.out(" `metadata` flag is deprecated and may be removed in a future release.");
    levels.set(METADATA_VERSION, metadataVersionLevel(metadata));
  }
  for (const text of named ?? []) {
    const [feature, level] = parsed.subcommand === "disable" ? ([text, 0] as const) : nameAndLevel(text);
    if (levels.has(feature)) throw new CommandFailure(`Feature ${feature} was specified more than once.`);
    levels.set(feature, level);
  }
  return [...levels].map(([feature, maxVersionLevel]) => ({ feature, maxVersionLevel, upgradeType }));
}

/** An upgrade leaves out features that the release does not have. */
function releaseUpdates(release: string, upgradeType: FeatureUpgradeType): FeatureUpdate[] {
  const level = metadataVersionLevel(release);
  const others = Object.keys(knownFeatures)
    .map((feature) => ({ feature, maxVersionLevel: defaultLevel(feature, level), upgradeType }))
    .filter(({ maxVersionLevel }) => upgradeType !== "UPGRADE" || maxVersionLevel > 0);
  return [{ feature: METADATA_VERSION, maxVersionLevel: level, upgradeType }, ...others];
}
