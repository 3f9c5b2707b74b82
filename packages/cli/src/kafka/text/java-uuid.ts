// Ids as Kafka writes them, 22 characters of base64 in the alphabet of URLs, and what Java says of a text that is none. Pure.

import { CommandFailure } from "../command-failure.ts";

const MOST_CHARACTERS = 24;

/** Uuid.fromString @throws CommandFailure with the words of Java's decoder or of Kafka's class */
export function checkUuid(text: string): void {
  if (text.length > MOST_CHARACTERS) {
    const prefix = text.slice(0, MOST_CHARACTERS);
    throw new CommandFailure(`Input string with prefix \`${prefix}\` is too long to be decoded as a base64 UUID`);
  }
  const digits = text.replace(/=+$/, "");
  const wrong = /[^\w-]/.exec(digits);
  if (wrong !== null) {
    throw new CommandFailure(`Illegal base64 character ${wrong[0].codePointAt(0)!.toString(16)}`);
  }
  if (text.length === 1) throw new CommandFailure("Input byte[] should at least have 2 bytes for base64 bytes");
  if (digits.length % 4 === 1) throw new CommandFailure("Last unit does not have enough valid bits");
  const { length } = Buffer.from(digits, "base64url");
  if (length === 16) return;
  throw new CommandFailure(
    `Input string \`${text}\` decoded as ${length} bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID`,
  );
}
