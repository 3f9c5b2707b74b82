// The CSV of --export and --from-file: topic, partition and offset, with the group in front when there are several. Pure.

import { CommandFailure } from "../../command-failure.ts";

export interface PlannedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Offsets by group. A file without groups is for the one group of the command line. @throws CommandFailure */
export function parseResetPlan(csv: string, groups: readonly string[]): Map<string, PlannedOffset[]> {
  const lines = csv.split("\n");
  while (lines.length > 1 && lines.at(-1) === "") lines.pop();
  const rows = lines.map(fieldsOf);
  const isWithoutGroup = rows[0]!.length === 3 && groups.length === 1;
  const plan = new Map<string, PlannedOffset[]>();
  for (const row of rows) {
    const [group, topic, partition, offset] = isWithoutGroup ? [groups[0]!, ...row] : row;
    if (offset === undefined || row.length !== (isWithoutGroup ? 3 : 4)) {
      throw new CommandFailure(`Not ${isWithoutGroup ? 3 : 4} columns in "${row.join(",")}"`);
    }
    const planned = { topic: topic!, partition: whole(partition!), offset: whole(offset) };
    // A partition that is there twice keeps its last offset.
    const others = (plan.get(group!) ?? []).filter(
      (each) => each.topic !== planned.topic || each.partition !== planned.partition,
    );
    plan.set(group!, [...others, planned]);
  }
  return plan;
}

/** The lines of --export. */
export function resetPlanLines(
  plan: ReadonlyMap<string, readonly PlannedOffset[]>,
  { withGroups }: { readonly withGroups: boolean },
): string[] {
  return [...plan].flatMap(([group, offsets]) =>
    offsets.map(({ topic, partition, offset }) =>
      [...(withGroups ? [quoted(group)] : []), quoted(topic), partition, offset].join(","),
    ),
  );
}

/** Jackson's CSV writer quotes texts that hold a separator, a quote or white space at the ends. */
function quoted(text: string): string {
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function fieldsOf(line: string): string[] {
  const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return fields.map(([, inQuotes, plain]) => inQuotes?.replaceAll('""', '"') ?? plain!.trim());
}

function whole(text: string): number {
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new CommandFailure(`Cannot parse '${text}' as a whole number`);
}
