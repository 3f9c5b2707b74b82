// SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677), the client's side, as far as Kafka speaks it: no channel binding, and the
// extension tokenauth=true for delegation tokens (KIP-48). The broker has to prove that it knows the password too.
// The password is taken as its UTF-8 bytes: Kafka does not apply SASLprep.

import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { AuthenticationError } from "../../errors.ts";
import type { SaslExchange } from "./mechanism.ts";

export interface ScramOptions {
  readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-512";
  readonly username: string;
  readonly password: string;
  /** Printable, without commas, never used before. */
  readonly nonce: string;
  readonly isDelegationToken: boolean;
}

/** Fewer iterations would make the password too easy to guess for whoever listens; Kafka's own limit. */
const MIN_ITERATIONS = 4096;
/** "n,,": no channel binding, no other identity. Repeated in base64 later. */
const GS2_HEADER = "n,,";
const hashes = {
  "SCRAM-SHA-256": { name: "sha256", bytes: 32 },
  "SCRAM-SHA-512": { name: "sha512", bytes: 64 },
} as const;
const derive = promisify(pbkdf2);

export function scramExchange(options: ScramOptions): SaslExchange {
  const { username, nonce, isDelegationToken } = options;
  const extension = isDelegationToken ? ",tokenauth=true" : "";
  const clientFirst = `n=${saslName(username)},r=${nonce}${extension}`;
  let serverSignature: Buffer | null = null;
  return {
    first: () => Buffer.from(GS2_HEADER + clientFirst, "utf8"),
    async next(challenge) {
      if (serverSignature === null) {
        const final = await clientFinal(options, clientFirst, challenge.toString("utf8"));
        serverSignature = final.serverSignature;
        return final.message;
      }
      verify(challenge.toString("utf8"), serverSignature);
      return null;
    },
  };
}

async function clientFinal(
  { mechanism, password, nonce }: ScramOptions,
  clientFirst: string,
  serverFirst: string,
): Promise<{ message: Buffer; serverSignature: Buffer }> {
  const fields = attributes(serverFirst);
  const serverNonce = fields.get("r") ?? "";
  const salt = Buffer.from(fields.get("s") ?? "", "base64");
  const iterations = Number(fields.get("i"));
  if (!serverNonce.startsWith(nonce) || serverNonce === nonce || salt.length === 0 || !Number.isSafeInteger(iterations))
    throw new AuthenticationError("the broker's first SCRAM message is not valid");
  if (iterations < MIN_ITERATIONS)
    throw new AuthenticationError(`the broker asks for ${iterations} iterations, fewer than ${MIN_ITERATIONS}`);
  const { name, bytes } = hashes[mechanism];
  const salted = await derive(Buffer.from(password, "utf8"), salt, iterations, bytes, name);
  const hmac = (key: Buffer, text: string): Buffer => createHmac(name, key).update(text, "utf8").digest();
  const clientKey = hmac(salted, "Client Key");
  const storedKey = createHash(name).update(clientKey).digest();
  const withoutProof = `c=${Buffer.from(GS2_HEADER).toString("base64")},r=${serverNonce}`;
  const authMessage = `${clientFirst},${serverFirst},${withoutProof}`;
  const signature = hmac(storedKey, authMessage);
  const proof = clientKey.map((byte, index) => byte ^ signature[index]!);
  return {
    message: Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString("base64")}`, "utf8"),
    serverSignature: hmac(hmac(salted, "Server Key"), authMessage),
  };
}

function verify(serverFinal: string, expected: Buffer): void {
  const fields = attributes(serverFinal);
  const error = fields.get("e");
  if (error !== undefined) throw new AuthenticationError(`the broker refused the SCRAM credentials: ${error}`);
  const signature = Buffer.from(fields.get("v") ?? "", "base64");
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected))
    throw new AuthenticationError("the broker did not prove that it knows the password: its signature is wrong");
}

/** "r=abc,s=def": a letter, an equals sign, a value without commas. */
function attributes(message: string): Map<string, string> {
  return new Map(message.split(",").map((pair) => [pair.slice(0, 1), pair.slice(2)]));
}

/** A name with commas and equals signs written as RFC 5802 wants. */
function saslName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}
