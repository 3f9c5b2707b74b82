// The syntax of server.properties, by the rules of java.util.Properties.load.

import { test } from "node:test";
import assert from "node:assert/strict";
import { parseProperties, PropertiesError } from "../src/configs/properties.ts";

const table: [sentence: string, content: string, expected: Record<string, string>][] = [
  ["an equals sign separates", "a=b", { a: "b" }],
  ["a colon separates", "a:b", { a: "b" }],
  ["white space separates", "a b", { a: "b" }],
  ["white space around the separator is dropped", "  a \t=  b", { a: "b" }],
  ["white space at the end of a value stays", "a=b ", { a: "b " }],
  ["only the first separator counts", "a=b=c:d", { a: "b=c:d" }],
  ["a listener's colons stay in the value", "listeners=PLAINTEXT://:9092", { listeners: "PLAINTEXT://:9092" }],
  ["a name alone has an empty value", "a", { a: "" }],
  ["blank lines and comments are skipped", "# a=1\n\n   ! b=2\nc=3", { c: "3" }],
  ["a hash inside a value is no comment", "a=b # c", { a: "b # c" }],
  ["the last of two lines counts", "a=1\na=2", { a: "2" }],
  ["a backslash continues a line and leading white space goes", "a=b,\\\n   c", { a: "b,c" }],
  ["a continued line may begin with a hash", "a=b\\\n#c", { a: "b#c" }],
  ["two backslashes do not continue", "a=b\\\\\nc=d", { a: "b\\", c: "d" }],
  ["a backslash at the end of the file is dropped", "a=b\\", { a: "b" }],
  ["a comment is not continued", "#a\\\nb=c", { b: "c" }],
  ["escapes are resolved", "a=\\t\\n\\r\\f\\\\\\u00e4\\x", { a: "\t\n\r\f\\\u00e4x" }],
  ["an escaped separator belongs to the name", "a\\=b\\:c\\ d=e", { "a=b:c d": "e" }],
  ["carriage returns end lines", "a=1\r\nb=2\rc=3", { a: "1", b: "2", c: "3" }],
];

for (const [sentence, content, expected] of table) {
  test(sentence, () => assert.deepEqual(Object.fromEntries(parseProperties(content)), expected));
}

test("a broken unicode escape names its line", () => {
  assert.throws(
    () => parseProperties("a=1\nb=\\u12x4"),
    new PropertiesError("line 2: \\u needs four hexadecimal digits"),
  );
});
