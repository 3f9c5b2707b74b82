// What errors say, where what they are made of says nothing, or says it badly.

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes } from "@ottla/protocol";
import { AuthenticationError, brokerError } from "../src/errors.ts";
import { connectionFailure } from "../src/network/tls-failure.ts";

test("a broker's empty message is none: the error has Kafka's own", () => {
  const own = brokerError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, null).message;
  assert.notEqual(own, "");
  assert.equal(brokerError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, "").message, own);
  assert.equal(brokerError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, "not here").message, "not here");
  assert.equal(brokerError(31_999, "").message, "error 31999");
});

test("what TLS failed with is one line", () => {
  const cause = Object.assign(new Error("C0:error:0A0000C6:SSL routines\n  :packet length too long:\n"), {
    code: "ERR_SSL_X",
  });
  const error = connectionFailure("b:1", cause, {}, true);
  assert.ok(error instanceof AuthenticationError);
  assert.equal(error.message, "cannot connect to b:1: C0:error:0A0000C6:SSL routines :packet length too long:");
});
