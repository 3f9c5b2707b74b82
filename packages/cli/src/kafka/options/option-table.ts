// The options of one command, as a table: what the parser accepts, what the usage text shows. Kafka's commands describe theirs with
// joptsimple; a table here says the same and gives the options' names as types, so that a misspelt name does not compile.

export type ValueType = "String" | "Integer" | "Long" | "Double";

export interface OptionSpec<Name extends string = string> {
  readonly name: Name;
  readonly description: string;
  /** Null for a flag. */
  readonly argument: "required" | "optional" | null;
  readonly type: ValueType;
  /** What the usage text calls the value. */
  readonly describedAs?: string;
  readonly byDefault?: string | number;
  /** The option itself must be given, says the parser. Kafka's own checks, with other words, are in checks.ts. */
  readonly required?: boolean;
  /** Only with one of these options. */
  readonly availableIf?: readonly string[];
  /** Several values in one word, separated by this. */
  readonly separator?: string;
  /** Spellings of earlier releases, which the usage text does not show. */
  readonly older?: readonly string[];
  /** An option that makes missing ones no mistake: --help, --version. */
  readonly isForHelp?: boolean;
}

type More = Partial<Omit<OptionSpec, "name" | "description" | "argument" | "isForHelp">>;

/** An option without a value. */
export function flag<const Name extends string>(name: Name, description: string, more: More = {}): OptionSpec<Name> {
  return { name, description, argument: null, type: "String", ...more };
}

/** An option with a value. `describedAs` is what the usage text calls it. */
export function option<const Name extends string>(
  name: Name,
  describedAs: string,
  description: string,
  more: More = {},
): OptionSpec<Name> {
  const named = describedAs === "" ? {} : { describedAs };
  return { name, description, argument: "required", type: "String", ...named, ...more };
}

/** An option that may stand with or without a value. */
export function optional<const Name extends string>(
  name: Name,
  describedAs: string,
  description: string,
  more: More = {},
): OptionSpec<Name> {
  return { ...option(name, describedAs, description, more), argument: "optional" };
}

export interface OptionTable<Name extends string = string> {
  readonly specs: readonly OptionSpec<Name>[];
  readonly byWord: ReadonlyMap<string, OptionSpec<Name>>;
  /** Whether a beginning that fits one option alone stands for it. */
  readonly takesAbbreviations: boolean;
}

/** The table with the two options that every command has. */
export function optionTable<const Name extends string>(
  specs: readonly OptionSpec<Name>[],
  { takesAbbreviations = false }: { readonly takesAbbreviations?: boolean } = {},
): OptionTable<Name | "help" | "version"> {
  const all: readonly OptionSpec<Name | "help" | "version">[] = [
    ...specs,
    { ...flag("help", "Print this text."), isForHelp: true },
    { ...flag("version", "Print the version of Kafka."), isForHelp: true },
  ];
  const byWord = new Map(
    all.flatMap((spec) => [spec.name, ...(spec.older ?? [])].map((word) => [word, spec] as const)),
  );
  return { specs: all, byWord, takesAbbreviations };
}
