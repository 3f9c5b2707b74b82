// What one config is: its type, default, bounds, documentation and whether it can change while the broker runs.
// The tables of brokers and topics are written in this vocabulary, and parsing, DescribeConfigs and the reference page are derived from it.
// Values travel as text (records and properties files hold text); `parseConfig` is the only place that reads it.

/** Kafka's ConfigDef types that our tables use. */
export type ConfigType = "boolean" | "string" | "int" | "long" | "list";

/** What a config of each type is once parsed. A long above 2^53 is the nearest double; Long.MAX_VALUE is LONG_MAX. */
export interface ConfigValues {
  boolean: boolean;
  string: string;
  int: number;
  long: number;
  list: readonly string[];
}

export type ConfigImportance = "high" | "medium" | "low";

/** KIP-226: whether it can change while the broker runs, for one broker or only for all of them. */
export type ConfigUpdateMode = "read-only" | "per-broker" | "cluster-wide";

/** A bound on a value. `describe` is the text of the reference page; `refuse` gives the reason why a value is out of bounds, or null. */
export interface ConfigBound<Value> {
  readonly describe: string;
  refuse(value: Value): string | null;
  /** What counts of a value that is within bounds, where that is not the value itself. */
  reduce?(value: Value): { readonly value: Value; readonly text: string };
}

/** Everything but type and default. */
export interface ConfigTraits<Value> {
  readonly documentation: string;
  readonly importance: ConfigImportance;
  /** Default "read-only". */
  readonly update?: ConfigUpdateMode;
  readonly bound?: ConfigBound<Value>;
  /** A value that Kafka allows and Ottla cannot honour yet: the reason. Asked when a user sets it, not when it is found in a log. */
  readonly notYet?: (value: Value) => string | null;
}

/** One row of a table. `Default` is null for a config that has no value until somebody sets one. */
export interface ConfigDefinition<Type extends ConfigType = ConfigType, Default extends string | null = string | null> {
  readonly type: Type;
  readonly defaultText: Default;
  readonly documentation: string;
  readonly importance: ConfigImportance;
  readonly update: ConfigUpdateMode;
  readonly bound: ConfigBound<ConfigValues[Type]> | null;
  readonly notYet: ((value: ConfigValues[Type]) => string | null) | null;
}

/** What `parseConfig` gives for a definition. */
export type ConfigValueOf<Definition> =
  Definition extends ConfigDefinition<infer Type, infer Default>
    ? ConfigValues[Type] | (null extends Default ? null : never)
    : never;

/** Writes one row; the type and the default decide what type its value has. */
export function define<Type extends ConfigType, Default extends string | null>(
  type: Type,
  defaultText: Default,
  traits: ConfigTraits<ConfigValues[Type]>,
): ConfigDefinition<Type, Default> {
  return {
    type,
    defaultText,
    documentation: traits.documentation,
    importance: traits.importance,
    update: traits.update ?? "read-only",
    bound: traits.bound ?? null,
    notYet: traits.notYet ?? null,
  };
}

export function atLeast(minimum: number): ConfigBound<number> {
  return {
    describe: `[${minimum},...]`,
    refuse: (value) => (value < minimum ? `it must be at least ${minimum}` : null),
  };
}

export function between(minimum: number, maximum: number): ConfigBound<number> {
  return {
    describe: `[${minimum},...,${maximum}]`,
    refuse: (value) => (value < minimum || value > maximum ? `it must be from ${minimum} to ${maximum}` : null),
  };
}

export function oneOf(...choices: readonly string[]): ConfigBound<string> {
  return {
    describe: `[${choices.join(", ")}]`,
    refuse: (value) => (choices.includes(value) ? null : `it must be one of ${choices.join(", ")}`),
  };
}

/** A list of entries that are each one of `choices`; one that is there twice counts once (KIP-1161). */
export function listOf(choices: readonly string[]): ConfigBound<readonly string[]> {
  return {
    describe: `[${choices.join(", ")}]`,
    refuse(value) {
      const stranger = value.find((entry) => !choices.includes(entry));
      return stranger === undefined ? null : `"${stranger}" is not one of ${choices.join(", ")}`;
    },
    reduce(value) {
      const distinct = [...new Set(value)];
      return { value: distinct, text: distinct.join(",") };
    },
  };
}

/** A list of distinct, non-empty entries; empty itself only when `emptyAllowed`. */
export function distinctList(emptyAllowed: boolean): ConfigBound<readonly string[]> {
  return {
    describe: emptyAllowed ? "distinct entries" : "at least one entry, all distinct",
    refuse(value) {
      if (!emptyAllowed && value.length === 0) return "it must have at least one entry";
      if (value.includes("")) return "it must not have empty entries";
      return repeated(value);
    },
  };
}

function repeated(value: readonly string[]): string | null {
  const twice = value.find((entry, index) => value.indexOf(entry) !== index);
  return twice === undefined ? null : `"${twice}" is there twice`;
}
