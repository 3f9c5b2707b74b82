// SCRAM credentials of users: describe and change (KIP-554). Java: Admin.describeUserScramCredentials, alterUserScramCredentials.
// A password never leaves this process: what is sent is its salted form, as RFC 5802 calls it.

import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import type { Random } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { alterUserScramCredentialsApi } from "@ottla/protocol/messages/51-alter-user-scram-credentials.ts";
import { describeUserScramCredentialsApi } from "@ottla/protocol/messages/50-describe-user-scram-credentials.ts";
import { brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import { throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { settled, valuesOrError } from "./admin-error.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { controllerOf } from "./lookups.ts";

const mechanisms = {
  "SCRAM-SHA-256": { id: 1, digest: "sha256", bytes: 32 },
  "SCRAM-SHA-512": { id: 2, digest: "sha512", bytes: 64 },
} as const;
export type ScramMechanism = keyof typeof mechanisms;

export interface ScramCredential {
  readonly mechanism: ScramMechanism | "UNKNOWN";
  readonly iterations: number;
}

export interface ScramUser {
  readonly user: string;
  readonly credentials: readonly ScramCredential[];
}

export interface ScramUpsertion {
  readonly user: string;
  readonly mechanism: ScramMechanism;
  readonly password: string | Buffer;
  /** Kafka takes 4096 to 16384. Default 4096. */
  readonly iterations?: number;
  /** Default: random. */
  readonly salt?: Buffer;
}

export interface ScramDeletion {
  readonly user: string;
  readonly mechanism: ScramMechanism;
  readonly isDeleted: true;
}

export type ScramChange = ScramUpsertion | ScramDeletion;

const defaultIterations = 4096;
const saltWords = 6;

/** Java: Admin.describeUserScramCredentials. Without users, all that have credentials. */
export async function describeScramUsers(call: AdminCall, users: readonly string[]): Promise<Map<string, ScramUser>> {
  const response = await call.retry(async () => {
    const answer = await call.send(null, describeUserScramCredentialsApi, {
      users: users.length === 0 ? null : [...new Set(users)].map((name) => ({ name })),
    });
    throwOnError(answer.errorCode, answer.errorMessage);
    return answer;
  });
  const values = new Map<string, ScramUser>();
  const errors = new Map<string, KafkaError>();
  for (const { user, errorCode, errorMessage, credentialInfos } of response.results) {
    if (errorCode !== errorCodes.NONE) errors.set(user, brokerError(errorCode, errorMessage));
    else {
      const credentials = credentialInfos.map(({ mechanism, iterations }) => ({
        mechanism: nameOf(mechanism),
        iterations,
      }));
      values.set(user, { user, credentials });
    }
  }
  return valuesOrError(values, errors);
}

/** Java: Admin.alterUserScramCredentials. All changes of one user succeed or fail together. */
export async function alterScramUsers(call: AdminCall, changes: readonly ScramChange[]): Promise<void> {
  const refused = new Map<string, KafkaError>();
  for (const change of changes) {
    const error = unacceptable(change);
    if (error !== null) refused.set(change.user, error);
  }
  const accepted = changes.filter(({ user }) => !refused.has(user));
  const upsertions = await Promise.all(
    accepted.filter(isUpsertion).map((change) => salted(change, call.cluster.random)),
  );
  const deletions = accepted.filter((change): change is ScramDeletion => !isUpsertion(change));
  const { errors } = await settled(
    performKeyed<string, null>(call, {
      keys: accepted.map(({ user }) => user),
      locate: controllerOf,
      perform: async (nodeId, users) => {
        const { results } = await call.send(nodeId, alterUserScramCredentialsApi, {
          deletions: deletions
            .filter(({ user }) => users.includes(user))
            .map(({ user, mechanism }) => ({ name: user, mechanism: mechanisms[mechanism].id })),
          upsertions: upsertions.filter(({ name }) => users.includes(name)),
        });
        return new Map(
          results.map(({ user, errorCode, errorMessage }) => [user, userOutcome(errorCode, errorMessage)]),
        );
      },
    }),
  );
  valuesOrError(new Map(), new Map([...refused, ...errors]));
}

function userOutcome(errorCode: number, errorMessage: string | null): Outcome<null> {
  if (errorCode === errorCodes.NONE) return { value: null };
  const error = brokerError(errorCode, errorMessage);
  return errorCode === errorCodes.NOT_CONTROLLER ? { again: error } : { error };
}

function isUpsertion(change: ScramChange): change is ScramUpsertion {
  return "password" in change;
}

function unacceptable(change: ScramChange): KafkaError | null {
  if (change.user === "") return brokerError(errorCodes.UNACCEPTABLE_CREDENTIAL, "Username must not be empty");
  if (isUpsertion(change) && change.password.length === 0)
    return brokerError(errorCodes.UNACCEPTABLE_CREDENTIAL, "Password must not be empty");
  if (!Object.hasOwn(mechanisms, change.mechanism))
    return brokerError(errorCodes.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism");
  return null;
}

async function salted(change: ScramUpsertion, random: Random) {
  const { user, mechanism, password, iterations = defaultIterations, salt = newSalt(random) } = change;
  const { id, digest, bytes } = mechanisms[mechanism];
  // The broker refuses too few or too many iterations; without any there is nothing to compute.
  const saltedPassword =
    iterations < 1 ? Buffer.alloc(bytes) : await promisify(pbkdf2)(password, salt, iterations, bytes, digest);
  return { name: user, mechanism: id, iterations, salt, saltedPassword };
}

function newSalt(random: Random): Buffer {
  const salt = Buffer.allocUnsafe(saltWords * 4);
  for (let at = 0; at < salt.length; at += 4) salt.writeUInt32BE(random.uint32(), at);
  return salt;
}

function nameOf(id: number): ScramMechanism | "UNKNOWN" {
  const found = Object.entries(mechanisms).find(([, mechanism]) => mechanism.id === id);
  return found === undefined ? "UNKNOWN" : (found[0] as ScramMechanism);
}
