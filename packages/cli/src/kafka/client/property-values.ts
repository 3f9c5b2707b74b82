// How the text of a property becomes a value, and what is said when it cannot: as Kafka's ConfigDef says it.

/** A property that cannot be used. */
export class PropertyError extends Error {
  override name = "PropertyError";
  readonly javaClass = "org.apache.kafka.common.config.ConfigException";
}

/** How a property's text becomes an option's value. */
export type Reader = (text: string, name: string) => unknown;

export const asText: Reader = (text) => text;

export const asNumber: Reader = (text, name) => {
  const number = Number(text.trim());
  if (/^[+-]?\d+$/.test(text.trim()) && Number.isSafeInteger(number)) return number;
  throw new PropertyError(`Invalid value ${text} for configuration ${name}: Not a number of type INT or LONG`);
};

export const asBoolean: Reader = (text, name) => {
  const word = text.trim().toLowerCase();
  if (word === "true" || word === "false") return word === "true";
  throw new PropertyError(`Invalid value ${text} for configuration ${name}: Expected value to be either true or false`);
};

/** One of these words, in any case. */
export const oneOf =
  (...words: readonly string[]): Reader =>
  (text, name) => {
    const word = text.trim().toLowerCase();
    if (words.includes(word)) return word;
    throw new PropertyError(
      `Invalid value ${text} for configuration ${name}: String must be one of: ${words.join(", ")}`,
    );
  };

/** Only this value, which is what happens anyway. */
export const only =
  (...values: readonly string[]): Reader =>
  (text, name) => {
    if (values.includes(text.trim().toLowerCase())) return undefined;
    throw new PropertyError(`The configuration ${name} can only be ${values.join(" or ")} here, not ${text}`);
  };

/** The option and how it is read; an option of null takes nothing. */
export type PropertyTable = Readonly<Record<string, readonly [option: string | null, read: Reader]>>;
