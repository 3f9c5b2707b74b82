// Authentication, each mechanism against a broker scripted here; what a refusal looks like; sessions that end.

import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, test } from "node:test";
import { ManualClock } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { saslHandshakeApi } from "@ottla/protocol/messages/17-sasl-handshake.ts";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import { saslAuthenticateApi } from "@ottla/protocol/messages/36-sasl-authenticate.ts";
import { AuthenticationError } from "../src/errors.ts";
import type { KafkaError } from "../src/errors.ts";
import type { Cluster } from "../src/network/cluster.ts";
import type { SaslOptions } from "../src/options.ts";
import { openCluster } from "./support/clusters.ts";
import { startScriptedBroker } from "./support/scripted-broker.ts";
import type { ScriptedBroker, ScriptedRequest } from "./support/scripted-broker.ts";

/** The broker's side of a mechanism: what to answer, or an error message. */
type Judge = (message: string, round: number) => { bytes: string } | { refusal: string };

interface SecuredOptions {
  readonly mechanism: string;
  readonly judge: Judge;
  readonly sessionLifetimeMs?: number;
  readonly onHeartbeat?: (request: ScriptedRequest) => void;
  /** Called before it is answered: a broker answers in order. */
  readonly onHandshake?: () => void;
}

function startSecured(options: SecuredOptions): Promise<ScriptedBroker> {
  const { mechanism, judge, sessionLifetimeMs = 0 } = options;
  const rounds = new Map<number, number>();
  return startScriptedBroker((request) => {
    if (request.is(saslHandshakeApi)) {
      options.onHandshake?.();
      const isKnown = request.body(saslHandshakeApi).mechanism === mechanism;
      rounds.set(request.connection, 0);
      const errorCode = isKnown ? 0 : errorCodes.UNSUPPORTED_SASL_MECHANISM;
      request.answer(saslHandshakeApi, { errorCode, mechanisms: [mechanism] });
      return true;
    }
    if (request.is(saslAuthenticateApi)) {
      const round = rounds.get(request.connection)!;
      rounds.set(request.connection, round + 1);
      const verdict = judge(request.body(saslAuthenticateApi).authBytes.toString(), round);
      if ("refusal" in verdict) {
        const { refusal: errorMessage } = verdict;
        const errorCode = errorCodes.SASL_AUTHENTICATION_FAILED;
        request.answer(saslAuthenticateApi, { errorCode, errorMessage, authBytes: Buffer.alloc(0) });
        request.socket.end();
      } else {
        const authBytes = Buffer.from(verdict.bytes);
        request.answer(saslAuthenticateApi, { errorCode: 0, errorMessage: null, authBytes, sessionLifetimeMs });
      }
      return true;
    }
    if (!request.is(heartbeatApi)) return false;
    if (options.onHeartbeat !== undefined) options.onHeartbeat(request);
    else request.answer(heartbeatApi, { throttleTimeMs: 0, errorCode: 0 });
    return true;
  });
}

const heartbeat = (cluster: Cluster, memberId = "m"): Promise<{ errorCode: number }> =>
  cluster.send(null, heartbeatApi, { groupId: "g", generationId: 1, memberId, groupInstanceId: null });

const keys = (broker: ScriptedBroker): number[] => broker.requests.map(({ apiKey }) => apiKey);
const { key: versions } = apiVersionsApi;
const { key: handshake } = saslHandshakeApi;
const { key: authenticate } = saslAuthenticateApi;
const { key: beat } = heartbeatApi;

const plain: SaslOptions = { mechanism: "PLAIN", username: "ann", password: "secret" };
const acceptsAnn: Judge = (message) =>
  message === "\0ann\0secret" ? { bytes: "" } : { refusal: "Authentication failed: Invalid username or password" };

describe("PLAIN", () => {
  test("name and password are sent, and requests follow", async () => {
    await using broker = await startSecured({ mechanism: "PLAIN", judge: acceptsAnn });
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl: plain });
    assert.equal((await heartbeat(opened.cluster)).errorCode, 0);
    assert.deepEqual(keys(broker), [versions, handshake, authenticate, beat]);
    assert.deepEqual([broker.requests[1]!.version, broker.requests[2]!.version], [1, 2]);
  });

  test("a refusal is an AuthenticationError with the broker's own sentence, for every call", async () => {
    await using broker = await startSecured({ mechanism: "PLAIN", judge: acceptsAnn });
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl: { ...plain, password: "wrong" } });
    for (const call of [
      () => heartbeat(opened.cluster),
      () => opened.cluster.refreshMetadata(),
      () => opened.cluster.topicMetadata("t"),
      () => opened.cluster.coordinator("group", "g"),
    ]) {
      const error = (await call().catch((reason: unknown) => reason)) as KafkaError;
      assert.equal(error instanceof AuthenticationError, true, String(error));
      assert.equal(error.message, "Authentication failed: Invalid username or password");
      assert.deepEqual([error.code, error.fatal, error.retriable], ["SASL_AUTHENTICATION_FAILED", true, false]);
    }
    assert.equal(broker.count(heartbeatApi), 0);
  });

  test("a mechanism that the broker does not have is told with those that it has", async () => {
    await using broker = await startSecured({ mechanism: "SCRAM-SHA-512", judge: acceptsAnn });
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl: plain });
    const error = (await heartbeat(opened.cluster).catch((reason: unknown) => reason)) as KafkaError;
    assert.equal(error.code, "UNSUPPORTED_SASL_MECHANISM");
    assert.match(error.message, /does not take PLAIN; its mechanisms: SCRAM-SHA-512/);
  });
});

describe("SCRAM", () => {
  for (const [mechanism, hash, bytes] of [
    ["SCRAM-SHA-256", "sha256", 32],
    ["SCRAM-SHA-512", "sha512", 64],
  ] as const) {
    const scramServer = (isHonest: boolean): Judge => {
      const salt = Buffer.from("salt of the broker");
      const salted = pbkdf2Sync("secret", salt, 4096, bytes, hash);
      const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
      let first = "";
      return (message, round) => {
        if (round === 0) {
          first = `r=${/r=([^,]+)/.exec(message)![1]}more,s=${salt.toString("base64")},i=4096`;
          first = `${message.slice(3)}|${first}`;
          return { bytes: first.split("|")[1]! };
        }
        const [bare, serverFirst] = first.split("|") as [string, string];
        const [withoutProof, proof] = message.split(",p=") as [string, string];
        const authMessage = `${bare},${serverFirst},${withoutProof}`;
        const clientKey = hmac(salted, "Client Key");
        const signature = hmac(createHash(hash).update(clientKey).digest(), authMessage);
        const expected = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!)).toString("base64");
        if (proof !== expected)
          return { refusal: "Authentication failed during authentication due to invalid credentials" };
        const serverKey = isHonest ? hmac(salted, "Server Key") : Buffer.alloc(bytes);
        return { bytes: `v=${hmac(serverKey, authMessage).toString("base64")}` };
      };
    };

    test(`${mechanism}: both prove that they know the password`, async () => {
      await using broker = await startSecured({ mechanism, judge: scramServer(true) });
      const sasl = { mechanism, username: "ann", password: "secret" };
      await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl });
      assert.equal((await heartbeat(opened.cluster)).errorCode, 0);
      assert.deepEqual(keys(broker), [versions, handshake, authenticate, authenticate, beat]);
    });

    test(`${mechanism}: a wrong password is refused`, async () => {
      await using broker = await startSecured({ mechanism, judge: scramServer(true) });
      const sasl = { mechanism, username: "ann", password: "Secret" };
      await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl });
      await assert.rejects(heartbeat(opened.cluster), /invalid credentials/);
    });

    test(`${mechanism}: a broker that does not know the password gets no request`, async () => {
      await using broker = await startSecured({ mechanism, judge: scramServer(false) });
      const sasl = { mechanism, username: "ann", password: "secret" };
      await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl });
      await assert.rejects(heartbeat(opened.cluster), AuthenticationError);
      assert.equal(broker.count(heartbeatApi), 0);
    });
  }

  test("a delegation token says that it is one", async () => {
    const messages: string[] = [];
    const judge: Judge = (message) => {
      messages.push(message);
      return { refusal: "seen" };
    };
    await using broker = await startSecured({ mechanism: "SCRAM-SHA-256", judge });
    const sasl = { mechanism: "SCRAM-SHA-256", username: "id", password: "hmac", isDelegationToken: true } as const;
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl });
    await assert.rejects(heartbeat(opened.cluster), /seen/);
    assert.match(messages[0]!, /^n,,n=id,r=[^,]+,tokenauth=true$/);
  });
});

describe("OAUTHBEARER", () => {
  test("token and extensions are sent", async () => {
    const messages: string[] = [];
    const judge: Judge = (message) => {
      messages.push(message);
      return { bytes: "" };
    };
    await using broker = await startSecured({ mechanism: "OAUTHBEARER", judge });
    const token = (): { value: string; extensions: Record<string, string> } => ({
      value: "abc.def",
      extensions: { logicalCluster: "lc", identityPoolId: "pool" },
    });
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl: { mechanism: "OAUTHBEARER", token } });
    await heartbeat(opened.cluster);
    assert.deepEqual(messages, [
      "n,,\u0001auth=Bearer abc.def\u0001logicalCluster=lc\u0001identityPoolId=pool\u0001\u0001",
    ]);
  });

  test("a refusal in JSON is acknowledged, so that the broker can say it as Kafka does", async () => {
    const judge: Judge = (message, round) =>
      round === 0
        ? { bytes: '{"status":"invalid_token"}' }
        : { refusal: `{"status":"invalid_token"} after ${message.length} byte` };
    await using broker = await startSecured({ mechanism: "OAUTHBEARER", judge });
    const sasl = { mechanism: "OAUTHBEARER", token: () => ({ value: "abc" }) } as const;
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl });
    await assert.rejects(heartbeat(opened.cluster), /invalid_token"} after 1 byte/);
  });

  test("a token is shared while it is good, asked for again when most of its time is over", async () => {
    const clock = new ManualClock();
    let asked = 0;
    const token = (): Promise<{ value: string; expiresAtMs: number }> => {
      asked++;
      return Promise.resolve({ value: "abc", expiresAtMs: clock.nowMs() + 100_000 });
    };
    await using broker = await startSecured({ mechanism: "OAUTHBEARER", judge: () => ({ bytes: "" }) });
    const options = { bootstrapServers: broker.bootstrap, sasl: { mechanism: "OAUTHBEARER", token } } as const;
    await using opened = openCluster(options, clock);
    const beatIn = (lane: string): Promise<unknown> =>
      opened.cluster.send(
        null,
        heartbeatApi,
        { groupId: "g", generationId: 1, memberId: "m", groupInstanceId: null },
        { lane },
      );
    await Promise.all([beatIn("a"), beatIn("b")]);
    clock.advance(79_999);
    await beatIn("c");
    assert.equal(asked, 1);
    clock.advance(1);
    await beatIn("d");
    assert.equal(asked, 2);
  });

  for (const [what, token, expected] of [
    ["a callback that throws", () => Promise.reject(new Error("no issuer")), /no OAuth token: Error: no issuer/],
    ["a value that is no token", () => ({ value: "a b" }), /not a bearer token/],
    ["an extension called auth", () => ({ value: "a", extensions: { auth: "x" } }), /extension auth is not valid/],
  ] as const) {
    test(`${what} is an AuthenticationError`, async () => {
      await using broker = await startSecured({ mechanism: "OAUTHBEARER", judge: () => ({ bytes: "" }) });
      await using opened = openCluster({
        bootstrapServers: broker.bootstrap,
        sasl: { mechanism: "OAUTHBEARER", token },
      });
      const error: unknown = await heartbeat(opened.cluster).catch((reason: unknown) => reason);
      assert.equal(error instanceof AuthenticationError, true);
      assert.match(String(error), expected);
    });
  }
});

describe("a session that ends (KIP-368)", () => {
  test("is renewed before, on the same connection, while requests wait", async () => {
    const clock = new ManualClock();
    const held: ScriptedRequest[] = [];
    const answerHeld = (): void => {
      for (const request of held.splice(0)) request.answer(heartbeatApi, { throttleTimeMs: 0, errorCode: 0 });
    };
    await using broker = await startSecured({
      mechanism: "PLAIN",
      judge: acceptsAnn,
      sessionLifetimeMs: 10_000,
      onHeartbeat: (request) => void held.push(request),
      onHandshake: answerHeld,
    });
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl: plain }, clock);
    const calls = [heartbeat(opened.cluster, "1")];
    await broker.until(() => held.length === 1);
    clock.advance(8_499);
    calls.push(heartbeat(opened.cluster, "2"));
    await broker.until(() => held.length === 2);
    clock.advance(1_001);
    calls.push(heartbeat(opened.cluster, "3"), heartbeat(opened.cluster, "4"));
    await broker.until(() => broker.count(heartbeatApi) === 4);
    answerHeld();
    await Promise.all(calls);
    assert.deepEqual(keys(broker), [
      versions,
      handshake,
      authenticate,
      beat,
      beat,
      handshake,
      authenticate,
      beat,
      beat,
    ]);
    assert.equal(broker.connections, 1);
  });

  test("ends with an AuthenticationError for what waits when it cannot be renewed", async () => {
    const clock = new ManualClock();
    let isWelcome = true;
    await using broker = await startSecured({
      mechanism: "PLAIN",
      judge: () => (isWelcome ? { bytes: "" } : { refusal: "not any more" }),
      sessionLifetimeMs: 10_000,
    });
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, sasl: plain }, clock);
    await heartbeat(opened.cluster);
    isWelcome = false;
    clock.advance(9_600);
    await assert.rejects(
      heartbeat(opened.cluster),
      (error) => error instanceof AuthenticationError && error.message === "not any more",
    );
    assert.equal(broker.count(heartbeatApi), 1);
  });
});
