// Says behind a row whether its aims are met.

import { median, type Row } from "../table.ts";

export interface Aim {
  text: string;
  met: boolean;
}

export function atMost(values: readonly number[] | undefined, limit: number, text: string): Aim[] {
  return values === undefined || values.length === 0 ? [] : [{ text, met: median(values) <= limit }];
}

/** By the median of the rounds' ratios; nothing when one of the two was not measured. */
export function aheadOfKafka(values: Row["values"], better: "more" | "less"): Aim[] {
  const { ottla, kafka } = values;
  if (ottla === undefined || kafka === undefined) return [];
  const ratio = median(ottla.slice(0, kafka.length).map((value, round) => value / kafka[round]!));
  return [{ text: "ahead of kafka", met: better === "more" ? ratio > 1 : ratio < 1 }];
}

export function noteOf(remarks: readonly string[], judged: readonly Aim[]): Pick<Row, "note"> {
  const parts = [...remarks, ...judged.map(({ text, met }) => `${text}: ${met ? "met" : "NOT MET"}`)];
  return parts.length === 0 ? {} : { note: parts.join("; ") };
}
