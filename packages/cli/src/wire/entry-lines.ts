// One entry of a dumped file as a line of name=value, which can be read and searched; records of a batch as lines below it. Pure.

/** The entry's kind first, then its fields in order. Fields that are null are left out. */
export function entryLines(entry: { readonly kind: string }, records: readonly object[] | null): string {
  const { kind, ...fields } = entry;
  const lines = [`${kind}${fieldTexts(fields)}`];
  for (const record of records ?? []) lines.push(`  record${fieldTexts(record)}`);
  return `${lines.join("\n")}\n`;
}

function fieldTexts(fields: object): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `  ${name}=${valueText(name, value)}`)
    .join("");
}

function valueText(name: string, value: unknown): string {
  if (typeof value === "number" && /timestamp$/i.test(name) && value >= 0 && value <= 8.64e15) {
    return `${value} (${new Date(value).toISOString()})`;
  }
  return typeof value === "string" && /^[\w.-]+$/.test(value) ? value : JSON.stringify(value);
}
