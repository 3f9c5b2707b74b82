// The count at the end of a conformance run is what CI believes: no check may be lost on the way to it.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { Report } from "../../conformance/report.ts";

describe("the report of a conformance run", () => {
  beforeEach(() => void mock.method(console, "log", () => {}));
  afterEach(() => mock.restoreAll());

  it("counts the lines of checks and no others", () => {
    const report = new Report({ skippedIsFailed: false });
    const output = "ok reads\nfailed writes: because\nskipped zstd: not built in\nokay\n% a warning\nok\n";
    assert.equal(report.addOutput("memory some-client", output), 3);
    assert.equal(report.closingLine(), "1 passed, 1 failed, 1 skipped");
  });

  it("counts what is skipped as failed where everything is to be installed", () => {
    const report = new Report({ skippedIsFailed: true });
    report.addOutput("memory some-client", "skipped zstd: not built in\r\nok reads\r\n");
    assert.equal(report.closingLine(), "1 passed, 1 failed, 0 skipped");
  });
});
