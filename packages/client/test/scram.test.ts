// SCRAM against the example of RFC 7677, and against a server that is written here from RFC 5802.

import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, test } from "node:test";
import { AuthenticationError } from "../src/errors.ts";
import { scramExchange } from "../src/network/sasl/scram.ts";
import type { ScramOptions } from "../src/network/sasl/scram.ts";

const example: ScramOptions = {
  mechanism: "SCRAM-SHA-256",
  username: "user",
  password: "pencil",
  nonce: "rOprNGfwEbeRWgbNEkqO",
  isDelegationToken: false,
};
const serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

test("the exchange of RFC 7677, section 3", async () => {
  const exchange = scramExchange(example);
  assert.equal(exchange.first().toString(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  assert.equal(
    String(await exchange.next(Buffer.from(serverFirst))),
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
  assert.equal(await exchange.next(Buffer.from("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")), null);
});

test("a server whose signature is wrong does not know the password", async () => {
  const exchange = scramExchange(example);
  await exchange.next(Buffer.from(serverFirst));
  await assert.rejects(
    async () => exchange.next(Buffer.from("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95H4=")),
    /did not prove/,
  );
});

describe("what a server may not ask for", () => {
  const table: readonly (readonly [string, string, RegExp])[] = [
    ["fewer than 4096 iterations", serverFirst.replace("4096", "4095"), /4095 iterations/],
    ["a nonce that does not begin with ours", serverFirst.replace("r=r", "r=x"), /not valid/],
    ["our nonce and nothing of its own", serverFirst.replace("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", ""), /not valid/],
    ["no salt", serverFirst.replace("W22ZaJ0SNY7soEsUEjb6gQ==", ""), /not valid/],
    ["no iterations", serverFirst.replace(",i=4096", ""), /not valid/],
    ["nothing", "", /not valid/],
  ];
  for (const [what, message, expected] of table) {
    test(what, async () => {
      const exchange = scramExchange(example);
      await assert.rejects(
        async () => exchange.next(Buffer.from(message)),
        (error) => {
          assert.equal(error instanceof AuthenticationError, true);
          assert.match((error as Error).message, expected);
          return true;
        },
      );
    });
  }
});

test("an error in the server's last message is told", async () => {
  const exchange = scramExchange(example);
  await exchange.next(Buffer.from(serverFirst));
  await assert.rejects(async () => exchange.next(Buffer.from("e=invalid-proof")), /invalid-proof/);
});

test("commas and equals signs in names are written as RFC 5802 wants, and tokens say that they are", () => {
  const exchange = scramExchange({ ...example, username: "a=b,c", isDelegationToken: true });
  assert.equal(exchange.first().toString(), "n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO,tokenauth=true");
});

for (const [mechanism, hash, bytes] of [
  ["SCRAM-SHA-256", "sha256", 32],
  ["SCRAM-SHA-512", "sha512", 64],
] as const) {
  test(`a server that keeps only StoredKey and ServerKey accepts the proof of ${mechanism}`, async () => {
    const salt = Buffer.from("0123456789abcdef");
    const salted = pbkdf2Sync("pässword", salt, 8192, bytes, hash);
    const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
    const digest = (data: Buffer): Buffer => createHash(hash).update(data).digest();
    const storedKey = digest(hmac(salted, "Client Key"));
    const serverKey = hmac(salted, "Server Key");

    const exchange = scramExchange({ ...example, mechanism, password: "pässword" });
    const bare = exchange.first().toString().slice(3);
    const first = `r=${example.nonce}server,s=${salt.toString("base64")},i=8192`;
    const final = String(await exchange.next(Buffer.from(first)));
    const [withoutProof, proof] = final.split(",p=") as [string, string];
    const authMessage = `${bare},${first},${withoutProof}`;
    const signature = hmac(storedKey, authMessage);
    const clientKey = Buffer.from(Buffer.from(proof, "base64").map((byte, index) => byte ^ signature[index]!));
    assert.deepEqual(digest(clientKey), storedKey);
    assert.equal(await exchange.next(Buffer.from(`v=${hmac(serverKey, authMessage).toString("base64")}`)), null);
  });
}
