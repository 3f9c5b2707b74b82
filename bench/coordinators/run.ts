// The part of the table about groups and transactions.

import { join } from "node:path";
import type { LoadGenerator } from "../child.ts";
import { startKafka, startOttla, type Subject, type SubjectName } from "../subject.ts";
import type { Row } from "../table.ts";
import { measureIdleGroups, measureOffsetsLoad } from "./idle.ts";
import { coordinatorProperties, coordinatorsOf, measureCoordinators } from "./measure.ts";
import {
  coordinatorLines,
  coordinatorPace,
  idleGroupsLine,
  loadedOffsetsLine,
  quickLoadedOffsetsLine,
  type CoordinatorLine,
  type CoordinatorPace,
} from "./plan.ts";

interface Choice {
  names: readonly SubjectName[];
  wants: (name: string) => boolean;
  quick: boolean;
  calm: boolean;
  calmLimitMs: number;
}

type Print = (row: Row) => void;

/** Measures the lines that are wanted, in brokers of their own: a coordinator's topic stays when its groups are gone. */
export async function runCoordinators(
  folder: string,
  generator: LoadGenerator,
  choice: Choice,
  print: Print,
): Promise<void> {
  const { names, wants, quick } = choice;
  const pace = coordinatorPace({ quick, reference: names.includes("kafka") });
  const lines = coordinatorLines.filter(({ name }) => wants(name));
  if (lines.length > 0) await runLines({ folder, generator, pace, lines }, choice, print);
  const idle = { folder, generator, startRounds: pace.startRounds, names };
  const loaded = quick ? quickLoadedOffsetsLine : loadedOffsetsLine;
  if (wants(loaded.name)) print(await measureOffsetsLoad(idle, loaded));
  if (wants(idleGroupsLine.name)) (await measureIdleGroups(idle, idleGroupsLine)).forEach(print);
}

async function runLines(
  work: { folder: string; generator: LoadGenerator; pace: CoordinatorPace; lines: readonly CoordinatorLine[] },
  { names, calm, calmLimitMs }: Choice,
  print: Print,
): Promise<void> {
  const { generator, pace, lines } = work;
  const folder = join(work.folder, "coordinators");
  const subjects: Subject[] = [];
  try {
    if (names.includes("ottla")) subjects.push(await startOttla(folder, [], coordinatorProperties));
    if (names.includes("kafka")) subjects.push(await startKafka(folder, coordinatorProperties));
    await coordinatorsOf(subjects);
    const calmUntilMs = calm ? performance.now() + calmLimitMs : 0;
    for (const line of lines)
      (await measureCoordinators({ subjects, generator, pace, calmUntilMs }, line)).forEach(print);
  } finally {
    for (const subject of subjects) await subject.stop();
  }
}
