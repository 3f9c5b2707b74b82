// Renders docs/reference/apis.md: every API that a broker of Apache Kafka 4.3 tells clients of, and whether it is served here.
// Derived from the list of handlers and the table of API keys, so the page cannot say more than the broker does.

import { advertisedVersions, apiKeys } from "@ottla/protocol";
import { handlersByKey } from "./handlers/index.ts";

export function renderApiPage(): string {
  const told = apiKeys.filter(({ audience }) => audience === "clients");
  const rows = told.map((entry) => {
    const { from, to } = advertisedVersions(entry);
    const served = handlersByKey.has(entry.key) ? `${from} to ${to}` : "–";
    return `| ${entry.key} | ${entry.name} | ${from} to ${to} | ${served} |`;
  });
  const count = told.filter(({ key }) => handlersByKey.has(key)).length;
  return [
    "# APIs",
    "",
    `Of the ${told.length} APIs that a broker of Apache Kafka 4.3 advertises to clients, Ottla serves ${count}, in every version that 4.3 serves.`,
    "A key that is not served is not advertised, and a request with it closes the connection, as an unknown key does in Kafka.",
    "What a served API leaves out stands at the head of its handler, `packages/broker/src/handlers/NN-name.ts`.",
    "Produce is advertised from version 0 and served from 3, as in Kafka (KAFKA-18659).",
    "",
    "| key | API | Kafka 4.3 | Ottla |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
