// What of TLS's options users of Java's stores and lists need: client certificates, versions, ciphers, names; and what metrics tell of it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { AuthenticationError } from "../src/errors.ts";
import type { Cluster } from "../src/network/cluster.ts";
import type { ClientOptions } from "../src/options.ts";
import { openCluster } from "./support/clusters.ts";
import { startScriptedBroker } from "./support/scripted-broker.ts";
import type { ScriptedBroker, ScriptedBrokerOptions } from "./support/scripted-broker.ts";
import { testCertificate, testKey } from "./support/tls-identity.ts";

type ServerTls = NonNullable<ScriptedBrokerOptions["tls"]>;

const identity = { key: testKey, cert: testCertificate };
/** Who shows a certificate that the broker trusts gets in. */
const mutual: ServerTls = { ...identity, ca: testCertificate, requestCert: true, rejectUnauthorized: true };
const passphrase = "open sesame";

async function connect(
  server: ServerTls,
  tls: ClientOptions["tls"],
  check: (broker: ScriptedBroker, cluster: Cluster) => void | Promise<void>,
): Promise<void> {
  await using broker = await startScriptedBroker(() => false, { tls: server });
  await using opened = openCluster({ bootstrapServers: `localhost:${broker.port}`, tls: tls ?? false });
  await check(broker, opened.cluster);
}

/** The name in the certificate that the client showed. */
function shownName(broker: ScriptedBroker): unknown {
  const { socket } = broker.requests[0]!;
  return (socket as TLSSocket).getPeerCertificate().subject.CN;
}

test("a client shows its certificate, whose key may be encrypted", async () => {
  const encrypted = createPrivateKey(testKey).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase,
  });
  for (const own of [identity, { key: encrypted, cert: testCertificate, passphrase }]) {
    await connect(mutual, { ca: testCertificate, ...own }, async (broker, cluster) => {
      assert.equal((await cluster.refreshMetadata()).clusterId, "scripted");
      assert.equal(shownName(broker), "localhost");
    });
  }
});

test("a client shows its certificate from a PKCS12 store", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "ottla-pkcs12-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  writeFileSync(path("key.pem"), testKey);
  writeFileSync(path("cert.pem"), testCertificate);
  const words = ["pkcs12", "-export", "-inkey", path("key.pem"), "-in", path("cert.pem"), "-out", path("store.p12")];
  try {
    execFileSync("openssl", [...words, "-passout", `pass:${passphrase}`], { stdio: "ignore" });
  } catch {
    context.skip("openssl is not here to make the store");
    return;
  }
  const pfx = readFileSync(path("store.p12"));
  await connect(mutual, { ca: testCertificate, pfx, passphrase }, async (broker, cluster) => {
    assert.equal((await cluster.refreshMetadata()).clusterId, "scripted");
    assert.equal(shownName(broker), "localhost");
  });
});

describe("refused", () => {
  for (const [what, server, own] of [
    [
      "a broker that speaks only what is not enabled is refused",
      { ...identity, maxVersion: "TLSv1.2" },
      { minVersion: "TLSv1.3" },
    ],
    ["a broker that wants a certificate takes none without", { ...mutual, maxVersion: "TLSv1.2" }, {}],
  ] as const) {
    test(what, async () => {
      await connect(server, { ca: testCertificate, ...own }, async (_broker, cluster) => {
        const error: unknown = await cluster.refreshMetadata().catch((reason: unknown) => reason);
        assert.equal(error instanceof AuthenticationError, true, String(error));
      });
    });
  }
});

test("the ciphers are those that are named", async () => {
  const ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  const tls = { ca: testCertificate, ciphers, maxVersion: "TLSv1.2" } as const;
  await connect(identity, tls, async (broker, cluster) => {
    await cluster.refreshMetadata();
    assert.equal((broker.requests[0]!.socket as TLSSocket).getCipher().name, ciphers);
  });
});

test("a name is not checked when that is turned off", async () => {
  await using broker = await startScriptedBroker(() => false, { tls: identity });
  const tls = { ca: testCertificate, checkServerIdentity: () => undefined };
  await using opened = openCluster({ bootstrapServers: broker.bootstrap, tls });
  assert.equal((await opened.cluster.refreshMetadata()).clusterId, "scripted");
});

test("metrics tell of connections that got in, and of those that did not", async () => {
  const counted = ({ metrics }: Cluster): (number | undefined)[] =>
    ["successful-authentication-total", "failed-authentication-total", "connection-creation-total"].map(
      (name) => metrics.snapshot().find((metric) => metric.name === name)?.value,
    );
  await connect(identity, { ca: testCertificate }, async (_broker, cluster) => {
    await cluster.refreshMetadata();
    assert.deepEqual(counted(cluster), [1, 0, 1]);
  });
  await connect(identity, true, async (_broker, cluster) => {
    await assert.rejects(cluster.refreshMetadata());
    assert.deepEqual(counted(cluster).slice(0, 2), [0, 1]);
  });
});
