// How fast something goes, for people. Pure.

/** "12,345 records/s"; of nothing when no time has passed. */
export function rateText(count: number, elapsedMs: number): string {
  return `${groupedText(elapsedMs <= 0 ? 0 : Math.round((count * 1000) / elapsedMs))} records/s`;
}

/** 1234567 is "1,234,567". */
export function groupedText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
