// Which of librdkafka's tests a single broker without security can serve, as read from the table in its test.c; and why the others
// are not run. A test with the flag LOCAL speaks to no broker, or to the one that librdkafka mocks: it judges no broker.

export interface LibrdkafkaTest {
  /** Four digits; several tests may share them, and run in one go. */
  number: string;
  /** As test.c names it, such as `0045_subscribe_update`. */
  name: string;
  /** The broker that it expects: "noautocreate" wants `auto.create.topics.enable=false`. */
  scenario: Scenario;
}

export type Scenario = "default" | "noautocreate";

/** By number: what the test needs that no single broker without security has. */
export const notServed: Readonly<Record<string, string>> = {
  "0016": "asks the second broker of a cluster over JMX",
  "0028": "known issue of librdkafka, it runs it nowhere",
  "0047": "known issue of librdkafka, it runs it nowhere",
  "0097": "needs TLS",
  "0101": "needs three brokers in racks",
  "0109": "needs an authorizer",
  "0115": "needs an authorizer",
  "0119": "needs an authorizer",
  "0126": "needs SASL OAUTHBEARER",
  "0135": "needs SASL",
  "0142": "needs SASL",
  "0139": "speaks to the broker that librdkafka mocks",
  "0150": "speaks to the broker that librdkafka mocks",
};

/** Share groups (KIP-932): all numbers from here. */
const firstShareTest = "0155";
const table = /_TEST\((\w+),\s*([^,)]*)(.*?)(?=\n {4}_TEST|\n#|\{NULL)/gs;

/** All tests that are run, by the table in test.c. */
export function servedTests(source: string): LibrdkafkaTest[] {
  return allTests(source).filter(
    ({ number, flags }) =>
      !/LOCAL|MANUAL/.test(flags) && notServed[number] === undefined && Number(number) < Number(firstShareTest),
  );
}

/** The tests of share groups that need a broker. */
export function shareTests(source: string): LibrdkafkaTest[] {
  return allTests(source).filter(
    ({ number, flags }) => !/LOCAL|MANUAL/.test(flags) && Number(number) >= Number(firstShareTest),
  );
}

/** How many tests need no broker. */
export function localTestCount(source: string): number {
  return allTests(source).filter(({ flags }) => flags.includes("LOCAL")).length;
}

function allTests(source: string): (LibrdkafkaTest & { flags: string })[] {
  const start = source.indexOf("struct test tests[]");
  if (start < 0) throw new Error("test.c of librdkafka has no table of tests where it is looked for");
  return [...source.slice(start).matchAll(table)].map(([, name = "", flags = "", more = ""]) => ({
    number: name.slice(0, 4),
    name: name,
    flags: flags,
    scenario: more.includes('"noautocreate"') ? "noautocreate" : "default",
  }));
}

/**
 * Few that take seconds each: what CI runs with both protocols. Whole, not in librdkafka's quick mode (`-Q`), in which most leave
 * out all their parts and pass.
 */
export const quickNumbers: readonly string[] = ["0012", "0019", "0056", "0061", "0099", "0118", "0130", "0140"];
