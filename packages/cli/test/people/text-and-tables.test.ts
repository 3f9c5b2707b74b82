// What people see: sizes, durations, tables fitted to a terminal, and nothing that a name could do to it. Pure.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fieldLines, tableLines } from "../../src/people/table.ts";
import type { Column, Page } from "../../src/people/table.ts";
import { cut, durationText, printable, sizeText, timeText, widthOf } from "../../src/people/text.ts";

describe("sizes and times:", () => {
  const rows: readonly (readonly [made: string | null, expected: string | null])[] = [
    [sizeText(0), "0 B"],
    [sizeText(1023), "1023 B"],
    [sizeText(1024), "1.0 KiB"],
    [sizeText(1536), "1.5 KiB"],
    [sizeText(1024 * 1024 - 1), "1.0 MiB"],
    [sizeText(5 * 1024 ** 4), "5.0 TiB"],
    [sizeText(4096 * 1024 ** 5), "4096.0 PiB"],
    [durationText(0), "0ms"],
    [durationText(-5), "0ms"],
    [durationText(999), "999ms"],
    [durationText(59_999), "59s"],
    [durationText(60_000), "1m 0s"],
    [durationText(3_600_000 * 25), "1d 1h"],
    [timeText(0), "1970-01-01T00:00:00.000Z"],
    [timeText(-1), null],
    [timeText(2 ** 63), null],
  ];
  for (const [made, expected] of rows) test(String(expected), () => assert.equal(made, expected));
});

describe("texts that somebody else chose:", () => {
  const rows: readonly (readonly [sentence: string, made: string | number, expected: string | number])[] = [
    ["escape sequences do not reach the terminal", printable("a\u001b[31mred\n\t"), "a\\x1b[31mred\\x0a\\x09"],
    ["nor do marks that turn the direction of writing", printable("a\u202eb"), "a\\u202eb"],
    ["letters of all languages do", printable("Grüße 你好 🙂"), "Grüße 你好 🙂"],
    ["wide characters take two cells", widthOf("你好"), 4],
    ["combining marks take none", widthOf("e\u0301"), 1],
    ["what fits is not cut", cut("abc", 3), "abc"],
    ["what does not ends with an ellipsis", cut("abcd", 3), "ab…"],
    ["a wide character is not cut in two", cut("你好你", 4), "你…"],
  ];
  for (const [sentence, made, expected] of rows) test(sentence, () => assert.equal(made, expected));
});

interface Row {
  readonly name: string;
  readonly count: number | null;
}

const columns: readonly Column<Row>[] = [
  { title: "NAME", value: ({ name }) => name, style: ({ count }) => (count === 1 ? "red" : null) },
  { title: "COUNT", value: ({ count }) => count },
  { title: "NAME AGAIN", value: ({ name }) => name },
];
const plain: Page = { width: Infinity, paint: (_, text) => text };

describe("tables:", () => {
  test("numbers are to the right, unknown ones a dash, and no line ends with spaces", () => {
    const rows = [
      { name: "a", count: 1 },
      { name: "bcdef", count: 1000 },
      { name: "c", count: null },
    ];
    assert.deepEqual(tableLines(rows, columns, plain), [
      "NAME   COUNT  NAME AGAIN",
      "a          1  a",
      "bcdef   1000  bcdef",
      "c          -  c",
    ]);
  });

  test("without rows there are the titles", () => {
    assert.deepEqual(tableLines([], columns, plain), ["NAME  COUNT  NAME AGAIN"]);
  });

  test("the widest texts are cut until the line fits, numbers never", () => {
    const rows = [{ name: "a-name-of-twenty-long", count: 123_456_789 }];
    const lines = tableLines(rows, columns, { ...plain, width: 36 });
    assert.deepEqual(lines, ["NAME             COUNT  NAME AGAIN", "a-name-of-…  123456789  a-name-of-…"]);
    for (const line of lines) assert.equal(line.length <= 36, true);
  });

  test("what is too narrow for all is left to the terminal", () => {
    const lines = tableLines([{ name: "a-name-of-twenty-long", count: 1 }], columns, { ...plain, width: 10 });
    assert.equal(lines[1], "a-name-…      1  a-name-…");
  });

  test("colours are around the text and its padding, and change no width", () => {
    const page: Page = { width: Infinity, paint: (style, text) => `<${style}>${text}</>` };
    const [, line] = tableLines(
      [
        { name: "a", count: 1 },
        { name: "bcdef", count: 2 },
      ],
      columns,
      page,
    );
    assert.equal(line, "<red>a    </>      1  a");
  });

  test("fields without a value are left out", () => {
    const lines = fieldLines(
      [
        ["Id", "x"],
        ["Gone", null],
        ["Longer", 5],
      ],
      plain,
    );
    assert.deepEqual(lines, ["Id      x", "Longer  5"]);
  });
});
