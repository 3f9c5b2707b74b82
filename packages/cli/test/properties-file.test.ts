// The syntax of server.properties, against what java.util.Properties makes of the same text (its class documentation has the examples).

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProperties } from "../src/start/properties-file.ts";

const cases: { name: string; text: string; properties: [string, string][] }[] = [
  {
    name: "names and values are separated by = or : or blanks",
    text: "a=1\nb:2\nc 3\nd\t=\t4\ne = : 5\n",
    properties: [
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
      ["d", "4"],
      ["e", ": 5"],
    ],
  },
  {
    name: "comments and blank lines say nothing",
    text: "# a=1\n  ! b=2\n\n \t\nc=3 # not a comment",
    properties: [["c", "3 # not a comment"]],
  },
  {
    name: "a backslash at the end continues the line, and the blanks before what follows go",
    text: "fruits  apple, banana, \\\n   pear, \\\r\n  plum",
    properties: [["fruits", "apple, banana, pear, plum"]],
  },
  {
    name: "two backslashes at the end are one backslash",
    text: "path=c:\\\\temp\\\\\nnext=1",
    properties: [
      ["path", "c:\\temp\\"],
      ["next", "1"],
    ],
  },
  { name: "a comment is not continued", text: "# a \\\nb=1", properties: [["b", "1"]] },
  { name: "a continued line may look like a comment", text: "a=1,\\\n#2", properties: [["a", "1,#2"]] },
  {
    name: "escapes stand for characters, and other backslashes go",
    text: "tab=\\t|\numl=\\u00fc\nodd=\\q\nna\\ me\\=x=y",
    properties: [
      ["tab", "\t|"],
      ["uml", "ü"],
      ["odd", "q"],
      ["na me=x", "y"],
    ],
  },
  {
    name: "a name alone has an empty value",
    text: "cheeses\nempty=",
    properties: [
      ["cheeses", ""],
      ["empty", ""],
    ],
  },
  { name: "the last of equal names counts", text: "a=1\na=2", properties: [["a", "2"]] },
  {
    name: "a value keeps its later separators",
    text: "listeners=PLAINTEXT://:9092,INSIDE://[::1]:9093",
    properties: [["listeners", "PLAINTEXT://:9092,INSIDE://[::1]:9093"]],
  },
  { name: "a text that ends with a backslash ends there", text: "a=1\\", properties: [["a", "1"]] },
];

for (const { name, text, properties } of cases) {
  test(name, () => {
    assert.deepEqual([...parseProperties(text)], properties);
  });
}
