// Times and durations as people write them. What stands for local time is computed by Date's own constructor.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CommandError } from "../../src/command-error.ts";
import { parseDuration, parseTime } from "../../src/people/times.ts";

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

const times: readonly (readonly [text: string, ms: number])[] = [
  ["now", NOW],
  ["0", 0],
  ["1700000000123", 1_700_000_000_123],
  ["10m", NOW - 600_000],
  ["1h30m", NOW - 5_400_000],
  ["1.5h", NOW - 5_400_000],
  ["500ms", NOW - 500],
  ["7d", NOW - 7 * 86_400_000],
  ["9999w", 0],
  ["2026-11-21T10:30Z", Date.UTC(2026, 10, 21, 10, 30)],
  ["2026-11-21T10:30:05Z", Date.UTC(2026, 10, 21, 10, 30, 5)],
  ["2026-11-21 10:30:05.25z", Date.UTC(2026, 10, 21, 10, 30, 5, 250)],
  ["2026-11-21T10:30+02:00", Date.UTC(2026, 10, 21, 8, 30)],
  ["2026-11-21T10:30-0530", Date.UTC(2026, 10, 21, 16, 0)],
  ["2024-02-29", new Date(2024, 1, 29).getTime()],
  ["2026-11-21T10:30", new Date(2026, 10, 21, 10, 30).getTime()],
  ["2026-11-21T10:30:05.007", new Date(2026, 10, 21, 10, 30, 5, 7).getTime()],
];

describe("a time", () => {
  for (const [text, ms] of times) test(`${text} is ${ms}`, () => assert.equal(parseTime(text, NOW), ms));

  for (const text of [
    "",
    "soon",
    "yesterday",
    "-5m",
    "2026-13-01",
    "2026-02-30",
    "2026-11-21T25:00",
    "2026-11-21T10:30+99:99",
    "0099-01-01",
    "5 m",
    "1e3",
  ]) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.throws(
        () => parseTime(text, NOW),
        (error) => error instanceof CommandError && error.message.includes(" is no time: "),
      );
    });
  }
});

describe("a duration", () => {
  for (const [text, ms] of [
    ["10s", 10_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["2w", 1_209_600_000],
    ["1m30s", 90_000],
    ["250ms", 250],
  ] as const) {
    test(`${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms));
  }

  for (const text of ["10", "s", "10 s", "10y", "-10s", ""]) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.throws(
        () => parseDuration(text),
        (error) => error instanceof CommandError && error.message.includes(" is no duration: "),
      );
    });
  }

  test("that no Date can hold is refused", () => {
    assert.throws(() => parseDuration("99999999999w"), /too long a duration/);
  });
});
