// `npm run reference`: a real Apache Kafka on a free loopback port until Ctrl-C, for captures and side-by-side runs.
// `npm run reference -- --port N --data-dir DIR --override name=value` and `-- tool MAIN.CLASS ARGUMENTS` (one of Kafka's own tools).
// As a module: startReferenceKafka() for captures, benchmarks and the conformance runs.

import { once } from "node:events";
import { parseArgs } from "node:util";
import { MissingProgramError } from "./reference/jars.ts";
import { runReferenceTool, startReferenceKafka } from "./reference/kafka.ts";

export { cacheFolder, MissingProgramError, requireProgram, resolveJars } from "./reference/jars.ts";
export { freePort, runReferenceTool, startReferenceKafka } from "./reference/kafka.ts";
export type { ReferenceKafka, ReferenceOptions, ToolOptions, ToolResult } from "./reference/kafka.ts";

async function main(words: string[]): Promise<void> {
  if (words[0] === "tool") {
    const result = await runReferenceTool(words[1] ?? "", words.slice(2), { limitMs: 600_000 });
    process.stdout.write(result.stdout);
    process.stderr.write(result.stderr);
    process.exitCode = result.code ?? 1;
    return;
  }
  const { values } = parseArgs({
    args: words,
    options: {
      port: { type: "string" },
      "data-dir": { type: "string" },
      "heap-megabytes": { type: "string", default: "1024" },
      override: { type: "string", multiple: true, default: [] },
    },
  });
  const kafka = await startReferenceKafka({
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values["data-dir"] === undefined ? {} : { dataDir: values["data-dir"] }),
    heapMegabytes: Number(values["heap-megabytes"]),
    properties: Object.fromEntries(values.override.map(splitOverride)),
  });
  console.log(`Apache Kafka listens on ${kafka.bootstrap}, process ${kafka.pid}, data in ${kafka.dataDir}`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await kafka.stop();
}

function splitOverride(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new Error(`--override wants name=value, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    if (!(error instanceof MissingProgramError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  });
}
