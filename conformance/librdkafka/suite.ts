// `npm run conformance -- librdkafka [--against reference] [--protocol classic|consumer] [--tests 0033,0056] [--record]`: librdkafka's own
// tests against one broker, with both group protocols, a fresh broker for each. A test that fails gets one more try, alone:
// its limits are meant for a machine of its own. What the page records as passing must pass; what it explains may fail.

import { localTestCount, notServed, quickNumbers, servedTests, shareTests } from "./tests.ts";
import type { LibrdkafkaTest, Scenario } from "./tests.ts";
import type { Report } from "../report.ts";
import { startOttla, startReference } from "../targets.ts";
import type { Target } from "../targets.ts";
import { buildLibrdkafka } from "./build.ts";
import type { LibrdkafkaBuild } from "./build.ts";
import { putResults, readRecord, writeRecord } from "./record.ts";
import type { RecordedSection } from "./record.ts";
import { remarks } from "./remarks.ts";
import { runNumber } from "./run-tests.ts";
import type { GroupProtocol, RunOptions, TestResult } from "./run-tests.ts";

export interface LibrdkafkaOptions {
  against: "ottla" | "reference";
  /** All tests, or the few that CI runs. */
  extent: "all" | "quick";
  protocols: readonly GroupProtocol[];
  /** Test numbers; empty for all of the extent. */
  numbers: readonly string[];
  /** Writes the results into the page. */
  record: boolean;
}

/** Most tests wait more than they work; with more at a time some miss their limits on two cores. */
const AT_A_TIME = 2;
/** As librdkafka's own clusters are set up; some tests count on the first members of a group joining together. */
const brokerProperties = { "num.partitions": "4", "group.initial.rebalance.delay.ms": "3000" };
const scenarioProperties: Record<Scenario, Record<string, string>> = {
  default: {},
  noautocreate: { "auto.create.topics.enable": "false" },
};

export async function runLibrdkafka(report: Report, options: LibrdkafkaOptions): Promise<void> {
  const build = await buildLibrdkafka();
  const wanted = servedTests(build.source).filter(({ number }) => isWanted(number, options));
  const known = await readRecord();
  for (const protocol of options.protocols) {
    const results: TestResult[] = [];
    for (const scenario of ["default", "noautocreate"] as const) {
      const tests = wanted.filter((test) => test.scenario === scenario);
      if (tests.length > 0)
        results.push(...(await runScenario(tests, { build, protocol, scenario, options, report, known })));
    }
    putResults(known, `${options.against}-${protocol}`, results, new Date().toISOString().slice(0, 10));
    if (options.record) await writeRecord(known, { remarks, afterTable: notRun(build.source) });
  }
}

function isWanted(number: string, { extent, numbers }: LibrdkafkaOptions): boolean {
  if (numbers.length > 0) return numbers.includes(number);
  return extent === "all" || quickNumbers.includes(number);
}

interface ScenarioRun {
  build: LibrdkafkaBuild;
  protocol: GroupProtocol;
  scenario: Scenario;
  options: LibrdkafkaOptions;
  report: Report;
  known: RecordedSection;
}

async function runScenario(tests: readonly LibrdkafkaTest[], place: ScenarioRun): Promise<TestResult[]> {
  const { build, protocol, scenario, options, report, known } = place;
  const target = await startTarget(options, scenario);
  const run: RunOptions = { build, bootstrap: target.bootstrap, protocol, scenario, targetName: target.name };
  const results: TestResult[] = [];
  const groups = [...Map.groupBy(tests, ({ number }) => number).values()];
  const again: LibrdkafkaTest[][] = [];
  const work = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      const ended = await runNumber(group, run);
      if (ended.some(({ verdict }) => verdict === "fails")) again.push(group);
      else for (const result of ended) keep(result);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    for (const group of again) for (const result of await runNumber(group, run)) keep(result);
    await target.stop();
  } finally {
    await target.remove();
  }
  return results;

  function keep(result: TestResult): void {
    results.push(result);
    const where = `${target.name} librdkafka ${protocol}`;
    const recorded = known.rows.get(result.name)?.[`${options.against}-${protocol}`];
    const explained = recorded === "fails" && remarks[result.name] !== undefined;
    const what = `${result.name} ${result.seconds} s`;
    if (result.verdict === "passes") report.add("ok", where, what);
    else if (result.verdict === "skips" || explained) report.addExplained(where, `${what}: ${result.reason}`);
    else report.add("failed", where, `${what}: ${result.reason}`);
  }
}

async function startTarget({ against, extent }: LibrdkafkaOptions, scenario: Scenario): Promise<Target> {
  const properties = { ...brokerProperties, ...scenarioProperties[scenario] };
  if (against === "reference") return await startReference(properties);
  return await startOttla(extent === "quick" ? "memory" : "disk", undefined, properties);
}

/** What the page says of the tests that are in no row. */
function notRun(source: string): string[] {
  const reasons = Object.entries(notServed).map(([number, reason]) => `${number} ${reason}`);
  const share = shareTests(source).map(({ name }) => `\`${name}\``);
  return [
    `Not run, since no single broker without security can serve them: ${reasons.join("; ")}.`,
    `Not run, since share groups are not served: ${share.join(", ")}.`,
    `Not run, since they speak to no broker or to the one that librdkafka mocks: the other ${localTestCount(source)}.`,
  ];
}
