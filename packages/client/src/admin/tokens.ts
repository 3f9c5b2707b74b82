// Delegation tokens: create, renew, expire, describe (KIP-48, KIP-373). Java: Admin.createDelegationToken and its neighbours.
// Principals are written as in ACLs: "User:alice".

import { createDelegationTokenApi } from "@ottla/protocol/messages/38-create-delegation-token.ts";
import { describeDelegationTokenApi } from "@ottla/protocol/messages/41-describe-delegation-token.ts";
import { expireDelegationTokenApi } from "@ottla/protocol/messages/40-expire-delegation-token.ts";
import { renewDelegationTokenApi } from "@ottla/protocol/messages/39-renew-delegation-token.ts";
import { ConfigError } from "../errors.ts";
import type { CallOptions } from "../records.ts";
import { needsVersion, throwIfNotController, throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";

export interface CreateDelegationTokenOptions extends CallOptions {
  /** Whom the token stands for (KIP-373). Default: the caller. */
  readonly owner?: string;
  /** Who may renew it besides its owner. */
  readonly renewers?: readonly string[];
  /** Default: the broker's delegation.token.max.lifetime.ms. */
  readonly maxLifetimeMs?: number;
}

export interface RenewDelegationTokenOptions extends CallOptions {
  /** Default: the broker's delegation.token.expiry.time.ms. */
  readonly renewPeriodMs?: number;
}

export interface ExpireDelegationTokenOptions extends CallOptions {
  /** Until it expires. Default: at once. */
  readonly expiryPeriodMs?: number;
}

export interface DescribeDelegationTokenOptions extends CallOptions {
  /** Tokens of these owners. Default: all that the caller may see. */
  readonly owners?: readonly string[];
}

export interface DelegationToken {
  readonly tokenId: string;
  /** The secret: password of SCRAM with `isDelegationToken`, in Base64; and what names the token to renew or expire it. */
  readonly hmac: Buffer;
  readonly owner: string;
  readonly requester: string;
  readonly renewers: readonly string[];
  /** Milliseconds since 1970, as the two below. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Beyond it, it cannot be renewed. */
  readonly maxTimestampMs: number;
}

/** Java: Admin.createDelegationToken. */
export async function createDelegationToken(
  call: AdminCall,
  options: CreateDelegationTokenOptions,
): Promise<DelegationToken> {
  const owner = options.owner === undefined ? null : principalFields(options.owner);
  const renewers = options.renewers ?? [];
  const response = await call.retry(async () => {
    const answer = await call.send(null, createDelegationTokenApi, (version) => {
      if (owner !== null) needsVersion(createDelegationTokenApi, version, 3, "a token for another owner");
      return {
        // Before version 3 these fields are not sent; they are empty there, as null cannot be.
        ownerPrincipalType: owner?.principalType ?? (version < 3 ? "" : null),
        ownerPrincipalName: owner?.principalName ?? (version < 3 ? "" : null),
        renewers: renewers.map(principalFields),
        maxLifetimeMs: options.maxLifetimeMs ?? -1,
      };
    });
    throwIfNotController(answer.errorCode);
    return answer;
  });
  throwOnError(response.errorCode);
  const principal = principalText(response.principalType, response.principalName);
  const isRequesterTold = response.tokenRequesterPrincipalName !== "";
  return {
    tokenId: response.tokenId,
    hmac: response.hmac,
    owner: principal,
    requester: isRequesterTold
      ? principalText(response.tokenRequesterPrincipalType, response.tokenRequesterPrincipalName)
      : principal,
    renewers: [...renewers],
    issuedAtMs: response.issueTimestampMs,
    expiresAtMs: response.expiryTimestampMs,
    maxTimestampMs: response.maxTimestampMs,
  };
}

/** Java: Admin.renewDelegationToken. When it expires now, in milliseconds since 1970. */
export async function renewDelegationToken(
  call: AdminCall,
  hmac: Buffer,
  options: RenewDelegationTokenOptions,
): Promise<number> {
  const response = await call.retry(async () => {
    const answer = await call.send(null, renewDelegationTokenApi, { hmac, renewPeriodMs: options.renewPeriodMs ?? -1 });
    throwIfNotController(answer.errorCode);
    return answer;
  });
  throwOnError(response.errorCode);
  return response.expiryTimestampMs;
}

/** Java: Admin.expireDelegationToken. When it expires, in milliseconds since 1970. */
export async function expireDelegationToken(
  call: AdminCall,
  hmac: Buffer,
  options: ExpireDelegationTokenOptions,
): Promise<number> {
  const response = await call.retry(async () => {
    const expiryTimePeriodMs = options.expiryPeriodMs ?? -1;
    const answer = await call.send(null, expireDelegationTokenApi, { hmac, expiryTimePeriodMs });
    throwIfNotController(answer.errorCode);
    return answer;
  });
  throwOnError(response.errorCode);
  return response.expiryTimestampMs;
}

/** Java: Admin.describeDelegationToken. */
export async function describeDelegationTokens(
  call: AdminCall,
  options: DescribeDelegationTokenOptions,
): Promise<DelegationToken[]> {
  const response = await call.retry(async () => {
    const owners = options.owners?.map(principalFields) ?? null;
    const answer = await call.send(null, describeDelegationTokenApi, { owners });
    throwOnError(answer.errorCode);
    return answer;
  });
  return response.tokens.map((token) => {
    const owner = principalText(token.principalType, token.principalName);
    const isRequesterTold = token.tokenRequesterPrincipalName !== "";
    return {
      tokenId: token.tokenId,
      hmac: token.hmac,
      owner,
      requester: isRequesterTold
        ? principalText(token.tokenRequesterPrincipalType, token.tokenRequesterPrincipalName)
        : owner,
      renewers: token.renewers.map(({ principalType, principalName }) => principalText(principalType, principalName)),
      issuedAtMs: token.issueTimestamp,
      expiresAtMs: token.expiryTimestamp,
      maxTimestampMs: token.maxTimestamp,
    };
  });
}

function principalFields(principal: string): { principalType: string; principalName: string } {
  const colon = principal.indexOf(":");
  if (colon <= 0) throw new ConfigError(`"${principal}" is not a principal such as "User:alice"`);
  return { principalType: principal.slice(0, colon), principalName: principal.slice(colon + 1) };
}

function principalText(type: string, name: string): string {
  return `${type}:${name}`;
}
