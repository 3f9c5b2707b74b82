// Reads the text of one config value by its definition: Kafka's ConfigDef.parseType and its validators.
// The parsed value keeps a canonical text beside the number, because a long above 2^53 would be shown rounded.

import { LONG_MAX, LONG_MIN } from "@ottla/base";
import type { ConfigDefinition, ConfigType, ConfigValues } from "./definition.ts";

export type ParsedConfig<Type extends ConfigType = ConfigType> =
  | { readonly ok: true; readonly value: ConfigValues[Type]; readonly text: string }
  | { readonly ok: false; readonly reason: string };

const INT_MAX = 2_147_483_647;
const INT_MIN = -2_147_483_648;
const LONG_MAX_EXACT = 9_223_372_036_854_775_807n;
const LONG_MIN_EXACT = -9_223_372_036_854_775_808n;
const WHOLE_NUMBER = /^[+-]?[0-9]+$/;

/** Parses and checks the bounds. The reason names config and value and fits into an error message. */
export function parseConfig<Type extends ConfigType>(
  name: string,
  definition: ConfigDefinition<Type>,
  text: string,
): ParsedConfig<Type> {
  const parsed = readers[definition.type](text.trim());
  if (!parsed.ok) return { ok: false, reason: invalidValue(name, text, parsed.reason) };
  const refusal = definition.bound?.refuse(parsed.value) ?? null;
  if (refusal !== null) return { ok: false, reason: invalidValue(name, text, refusal) };
  return { ...parsed, ...definition.bound?.reduce?.(parsed.value) };
}

/** `parseConfig` for a value that somebody sets now: also refuses what Ottla cannot honour yet. */
export function parseNewConfig<Type extends ConfigType>(
  name: string,
  definition: ConfigDefinition<Type>,
  text: string,
): ParsedConfig<Type> {
  const parsed = parseConfig(name, definition, text);
  if (!parsed.ok) return parsed;
  const missing = definition.notYet?.(parsed.value) ?? null;
  return missing === null ? parsed : { ok: false, reason: invalidValue(name, text, missing) };
}

/** The form of Kafka's ConfigException, which people search their logs for. */
function invalidValue(name: string, text: string, reason: string): string {
  return `Invalid value ${text} for configuration ${name}: ${reason}`;
}

const readers: { [Type in ConfigType]: (text: string) => ParsedConfig<Type> } = {
  boolean(text) {
    const lower = text.toLowerCase();
    if (lower === "true") return { ok: true, value: true, text: lower };
    if (lower === "false") return { ok: true, value: false, text: lower };
    return { ok: false, reason: "it must be true or false" };
  },
  string: (text) => ({ ok: true, value: text, text }),
  int(text) {
    const value = WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN;
    if (!(value >= INT_MIN && value <= INT_MAX)) return { ok: false, reason: "it must be a whole number of 32 bits" };
    return { ok: true, value, text: String(value) };
  },
  long(text) {
    if (!WHOLE_NUMBER.test(text)) return { ok: false, reason: "it must be a whole number of 64 bits" };
    const exact = BigInt(text.replace("+", ""));
    if (exact > LONG_MAX_EXACT || exact < LONG_MIN_EXACT)
      return { ok: false, reason: "it must be a whole number of 64 bits" };
    return { ok: true, value: toDouble(exact), text: exact.toString() };
  },
  list(text) {
    const value = text === "" ? [] : text.split(/\s*,\s*/);
    return { ok: true, value, text: value.join(",") };
  },
};

function toDouble(exact: bigint): number {
  if (exact === LONG_MAX_EXACT) return LONG_MAX;
  if (exact === LONG_MIN_EXACT) return LONG_MIN;
  return Number(exact);
}
