// `npm run sim`: the seeded simulations, longer than the tests run them. Every failure prints the command that repeats it.
//   npm run sim -- --kill-rounds N [--seed S]    kill -9 under load, N times
//   npm run sim -- --bank-rounds N [--seed S]    transfers in transactions under kill -9 of producers and broker, N rounds
//   npm run sim -- --frames N [--seed S]         N random and mutated frames
//   npm run sim -- --log-steps N [--seed S]      N random steps of one log over faulty files
//   npm run sim -- --broker-steps N [--seed S]   N random steps of a whole broker over faulty files
//   npm run sim -- --transaction-steps N [--seed S]  N random steps of transactions through a broker over faulty files
//   npm run sim -- --group-steps N [--seed S]    N random steps of consumer groups
//   npm run sim -- --client-seconds N [--seed S] the client against a broker that misbehaves, N seconds (600 for the long run)
// Without an option: a short run of each.

import { parseArgs } from "node:util";

const PARTS = [
  "kill-rounds",
  "bank-rounds",
  "frames",
  "log-steps",
  "broker-steps",
  "transaction-steps",
  "group-steps",
  "client-seconds",
] as const;
type Part = (typeof PARTS)[number];

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    "kill-rounds": { type: "string" },
    "bank-rounds": { type: "string" },
    frames: { type: "string" },
    "log-steps": { type: "string" },
    "broker-steps": { type: "string" },
    "transaction-steps": { type: "string" },
    "group-steps": { type: "string" },
    "client-seconds": { type: "string" },
  },
});
const seed = values.seed === undefined ? Date.now() % 0x7fff_ffff : Number(values.seed);
const all = PARTS.every((name) => values[name] === undefined);

const count = (name: Part, short: number): number => Number(values[name] ?? (all ? short : 0));

let failed = false;
await part("kill-rounds", 5, async (rounds) => {
  const { killRounds } = await import("./sim/kill-rounds.ts");
  const report = await killRounds({ rounds, seed, log: (line) => console.log(line) });
  console.log(`${report.records} records, kcat ${report.kcat ? "with" : "not installed"}`);
  return report.violations;
});
await part("bank-rounds", 3, async (rounds) => {
  const { bankRounds } = await import("./sim/bank-rounds.ts");
  const report = await bankRounds({ rounds, seed, log: (line) => console.log(line) });
  console.log(`${report.committed} transactions committed, ${report.fenced} zombies fenced`);
  return [...report.violations];
});
await part("frames", 20_000, async (frames) => {
  const { fuzzBroker } = await import("./sim/fuzz-broker.ts");
  return fuzzBroker({ seed, count: frames });
});
await part("log-steps", 20_000, async (steps) => {
  const { simulateLog } = await import("../packages/storage/test/support/simulate-log.ts");
  return simulateLog(seed, steps);
});
await part("broker-steps", 10_000, async (steps) => {
  const { simulateBroker } = await import("./sim/simulate-broker.ts");
  return simulateBroker(seed, steps);
});
await part("transaction-steps", 10_000, async (steps) => {
  const { simulateTransactions } = await import("./sim/simulate-transactions.ts");
  return simulateTransactions(seed, steps);
});
await part("group-steps", 20_000, async (steps) => {
  const { simulateGroups } = await import("../packages/coordinator/test/support/groups/simulate-groups.ts");
  return simulateGroups(seed, steps);
});
await part("client-seconds", 60, async (seconds) => {
  const { clientSoak } = await import("./sim/client-soak.ts");
  const report = await clientSoak({ seconds, seed, log: (line) => console.log(line) });
  console.log(`${report.records} records sent, ${report.handled} handled, ${report.faults} requests hit by faults`);
  console.log(`the event loop was late by ${Math.round(report.longestStallMs)} ms at most`);
  return [...report.violations];
});
process.exitCode = failed ? 1 : 0;

async function part(name: Part, short: number, run: (size: number) => Promise<string[]>): Promise<void> {
  const size = count(name, short);
  if (size === 0) return;
  const violations = await run(size);
  console.log(`${name} ${size}, seed ${seed}: ${violations.length === 0 ? "holds" : "BROKEN"}`);
  if (violations.length === 0) return;
  failed = true;
  for (const violation of violations) console.log(`  ${violation}`);
  console.log(`repeat with: npm run sim -- --${name} ${size} --seed ${seed}`);
}
