// A cluster behind TLS, as a context names it: a broker behind a server that takes TLS off, told to name that server to its clients.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createServer } from "node:tls";
import { startBroker } from "@ottla/testkit";
import { temporaryFolder } from "../run-ottla.ts";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleResult } from "./run-people.ts";

/** A key and a certificate that it signed itself, for the name localhost and a hundred years. Of use in tests only. */
const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8ojxq06PX6qL+7V9
wxz2zpLdCTCgYgBuSsAqc5HLDh+hRANCAASul5anrDA+N6mlATVtJGofjkGyQQxT
z7elsKM1ptiuzegyd6wrPzZaEQ4VAOThSjxb+g/UrFrFD5sj3LR+F5Yx
-----END PRIVATE KEY-----
`;
const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUc4lAfGnhP06SaHfftxFYhxxM0vwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTExMzAyNloYDzIxMjYxMDI4
MTEzMDI2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASul5anrDA+N6mlATVtJGofjkGyQQxTz7elsKM1ptiuzegyd6wrPzZa
EQ4VAOThSjxb+g/UrFrFD5sj3LR+F5Yxo2kwZzAdBgNVHQ4EFgQURjSd0qJc1ReS
GTxYyxTMKnHQyNAwHwYDVR0jBBgwFoAURjSd0qJc1ReSGTxYyxTMKnHQyNAwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIgYwRe4+CdZbC2qJLkYCY8qSZP9+d3ZHO2PU+onx40kJECIQCJrGi6SjBs
Vr6ZPiXtAfD5S++PUb+yyISJzWCHktTROQ==
-----END CERTIFICATE-----
`;

/** Runs a line against the cluster behind TLS, with what the context says beside its servers. */
async function behindTls(context: TestContext): Promise<(line: string, tls: string) => Promise<PeopleResult>> {
  let brokerPort = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ key: testKey, cert: testCertificate }, (outside) => {
    const inside = connect(brokerPort, "127.0.0.1");
    for (const socket of [outside, inside]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    outside.pipe(inside).pipe(outside);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const broker = await startBroker({
    overrides: { "advertised.listeners": `PLAINTEXT://localhost:${port}` },
    leaks: "ignore",
  });
  brokerPort = broker.port;
  context.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await broker.close();
  });
  const folder = temporaryFolder(context);
  const env = { OTTLA_CONFIG: join(folder, "config.yaml") };
  writeFileSync(join(folder, "ca.pem"), testCertificate);
  return (line, tls) => {
    writeFileSync(
      env.OTTLA_CONFIG,
      `current: prod\ncontexts: {prod: {bootstrapServers: "localhost:${port}", ${tls}}}\n`,
    );
    return ottlaCommand(line.replace("SERVER", `localhost:${port}`), { env });
  };
}

test("a cluster behind TLS is asked with the context's authority, or with none", async (context) => {
  const run = await behindTls(context);
  const created = await run("topic create orders", "tls: {ca: ca.pem}");
  assert.deepEqual([created.code, created.stdout, created.stderr], [0, "orders created: 1 partition, 1 replica\n", ""]);
  assert.match((await run("topic list", "tls: {verify: false}")).stdout, /^orders /m);
  // An address of its own for the context's cluster keeps the context's TLS.
  assert.match((await run("topic list --context prod -b SERVER", "tls: {ca: ca.pem}")).stdout, /^orders /m);
});

test("a certificate that is not trusted, a name that is not its, and no TLS are one line each, at once", async (context) => {
  const run = await behindTls(context);
  const rows: readonly (readonly [line: string, tls: string, message: RegExp])[] = [
    ["topic list", "tls: true", /is not trusted: .*self-signed certificate.* \(SSL_AUTHENTICATION_FAILED\)/],
    ["topic list", "tls: {ca: ca.pem, serverName: kafka}", /is not trusted: .*kafka.* \(SSL_AUTHENTICATION_FAILED\)/],
    ["topic list", "tls: false", /no broker answers at prod .*: .*TLS/],
    ["topic list -b SERVER", "tls: {ca: ca.pem}", /no broker answers at localhost:\d+: .*TLS/],
    ["topic list", "tls: {ca: other.pem}", /tls\.ca: ENOENT/],
  ];
  for (const [line, tls, message] of rows) {
    const started = performance.now();
    const { code, stdout, stderr } = await run(line, tls);
    assert.match(stderr, message, tls);
    assert.match(stderr, /^ottla: [^\n]+\n$/);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.equal(performance.now() - started < 8_000, true);
  }
});
