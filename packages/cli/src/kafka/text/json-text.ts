// JSON files of the command line, as Kafka's JsonValue reads them, and JSON lines as Jackson writes them. Pure.

import { CommandFailure } from "../command-failure.ts";

/** One value of a JSON text; each reader says with Jackson's words what is not what it should be. */
export class JsonNode {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  /** @throws CommandFailure when the text is no JSON */
  static parse(text: string, problem = "The input string is not a valid JSON"): JsonNode {
    try {
      return new JsonNode(JSON.parse(text));
    } catch (error) {
      throw new CommandFailure(problem, { cause: error });
    }
  }

  /** The field, or undefined. @throws CommandFailure when this is no object */
  field(name: string): JsonNode | undefined {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value)) {
      throw new CommandFailure(`Expected JSON object, received ${JSON.stringify(this.value)}`);
    }
    return Object.hasOwn(this.value, name) ? new JsonNode((this.value as Record<string, unknown>)[name]) : undefined;
  }

  /** The field that has to be there. */
  needed(name: string): JsonNode {
    const field = this.field(name);
    if (field === undefined) throw new CommandFailure(`No such field exists: \`${name}\``);
    return field;
  }

  get elements(): JsonNode[] {
    if (Array.isArray(this.value)) return this.value.map((element) => new JsonNode(element));
    throw new CommandFailure(`Expected JSON array, received ${JSON.stringify(this.value)}`);
  }

  get text(): string {
    if (typeof this.value === "string") return this.value;
    throw new CommandFailure(`Expected \`String\` value, received ${JSON.stringify(this.value)}`);
  }

  get integer(): number {
    if (Number.isInteger(this.value) && Math.abs(this.value as number) < 2 ** 31) return this.value as number;
    throw new CommandFailure(`Expected \`Integer\` value, received ${JSON.stringify(this.value)}`);
  }

  get long(): number {
    if (Number.isSafeInteger(this.value)) return this.value as number;
    throw new CommandFailure(`Expected \`Long\` value, received ${JSON.stringify(this.value)}`);
  }
}
