// Access rules, quotas, SCRAM users and delegation tokens by the admin client. Brokers answer by a script that says what Apache Kafka
// says, and with REFERENCE_BOOTSTRAP Apache Kafka itself does: see startServed.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { errorCodes } from "@ottla/protocol";
import { alterClientQuotasApi } from "@ottla/protocol/messages/49-alter-client-quotas.ts";
import { alterUserScramCredentialsApi } from "@ottla/protocol/messages/51-alter-user-scram-credentials.ts";
import { createAclsApi } from "@ottla/protocol/messages/30-create-acls.ts";
import { createDelegationTokenApi } from "@ottla/protocol/messages/38-create-delegation-token.ts";
import { deleteAclsApi } from "@ottla/protocol/messages/31-delete-acls.ts";
import { describeAclsApi } from "@ottla/protocol/messages/29-describe-acls.ts";
import { describeClientQuotasApi } from "@ottla/protocol/messages/48-describe-client-quotas.ts";
import { describeDelegationTokenApi } from "@ottla/protocol/messages/41-describe-delegation-token.ts";
import { describeUserScramCredentialsApi } from "@ottla/protocol/messages/50-describe-user-scram-credentials.ts";
import { expireDelegationTokenApi } from "@ottla/protocol/messages/40-expire-delegation-token.ts";
import { renewDelegationTokenApi } from "@ottla/protocol/messages/39-renew-delegation-token.ts";
import type { AclBinding, AclFilter } from "../src/admin/acls.ts";
import type { ClientQuotas } from "../src/admin/quotas.ts";
import { Admin } from "../src/admin/admin.ts";
import { codeOf, codesOf, startServed } from "./support/admin-fixtures.ts";
import { eventually } from "./support/eventually.ts";
import { ScriptedCluster } from "./support/scripted-cluster.ts";

const throttleTimeMs = 0;
const fine = { errorCode: 0, errorMessage: null };
const invalid = { errorCode: errorCodes.INVALID_REQUEST, errorMessage: "not valid" };

test("access rules are created, described and deleted; each binding and filter is judged for itself", async () => {
  await using made = await startServed((cluster) => {
    type Rule = {
      resourceType: number;
      resourceName: string;
      patternType: number;
      principal: string;
      host: string;
      operation: number;
      permissionType: number;
    };
    let rules: Rule[] = [];
    cluster.on(createAclsApi, ({ creations }) => {
      const good = creations.filter(({ resourceName }) => resourceName !== "");
      rules.push(...good.map(({ resourcePatternType, ...rule }) => ({ ...rule, patternType: resourcePatternType })));
      return { throttleTimeMs, results: creations.map(({ resourceName }) => (resourceName === "" ? invalid : fine)) };
    });
    const passes = (filter: { resourceNameFilter: string | null }): Rule[] =>
      rules.filter(
        ({ resourceName }) => filter.resourceNameFilter === null || resourceName === filter.resourceNameFilter,
      );
    cluster.on(describeAclsApi, (filter) => ({
      throttleTimeMs,
      ...fine,
      resources: passes(filter).map(({ resourceType, resourceName, patternType, ...acl }) => ({
        resourceType,
        resourceName,
        patternType,
        acls: [acl],
      })),
    }));
    cluster.on(deleteAclsApi, ({ filters }) => {
      const filterResults = filters.map((filter) => ({
        ...fine,
        matchingAcls: passes(filter).map((acl) => ({ ...fine, ...acl })),
      }));
      rules = rules.filter((rule) => !filters.some((filter) => passes(filter).includes(rule)));
      return { throttleTimeMs, filterResults };
    });
  });
  const { admin, name, scripted } = made;
  const binding: AclBinding = {
    resourceType: "TOPIC",
    resourceName: name("orders"),
    principal: "User:alice",
    operation: "READ",
  };
  const prefixed: AclBinding = {
    ...binding,
    resourceName: name("pay"),
    patternType: "PREFIXED",
    host: "10.0.0.1",
    operation: "WRITE",
    permissionType: "DENY",
  };
  assert.deepEqual(await codesOf(admin.createAcls([binding, { ...binding, resourceName: "" }, prefixed])), {
    1: "INVALID_REQUEST",
  });
  const full: AclBinding = { ...binding, patternType: "LITERAL", host: "*", permissionType: "ALLOW" };
  const describes = (filter: AclFilter, expected: readonly AclBinding[]) =>
    eventually(async () => assert.deepEqual(await admin.describeAcls(filter), expected));
  await describes({ resourceType: "TOPIC", resourceName: name("orders") }, [full]);
  await describes({ resourceName: name("pay"), patternType: "PREFIXED" }, [prefixed]);
  const deleted = await admin.deleteAcls([
    { resourceName: name("orders") },
    { resourceName: name("none") },
    { resourceName: name("pay") },
  ]);
  assert.deepEqual(
    [...deleted],
    [
      [0, [full]],
      [1, []],
      [2, [prefixed]],
    ],
  );
  await describes({ resourceName: name("orders") }, []);
  if (scripted === null) return;
  assert.deepEqual(scripted.requests(describeAclsApi)[0], {
    resourceTypeFilter: 2,
    resourceNameFilter: "orders",
    patternTypeFilter: 1,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  });
  assert.deepEqual(scripted.requests(createAclsApi)[0]!.creations[2], {
    resourceType: 2,
    resourceName: "pay",
    resourcePatternType: 4,
    principal: "User:alice",
    host: "10.0.0.1",
    operation: 4,
    permissionType: 2,
  });
});

test("a rule that could not be deleted fails its filter, and a broker without an authorizer fails each binding", async () => {
  const disabled = { errorCode: errorCodes.SECURITY_DISABLED, errorMessage: "No Authorizer is configured." };
  const acl = {
    resourceType: 2,
    resourceName: "t",
    patternType: 3,
    principal: "User:a",
    host: "*",
    operation: 3,
    permissionType: 3,
  };
  const cluster = new ScriptedCluster()
    .on(createAclsApi, ({ creations }) => ({ throttleTimeMs, results: creations.map(() => disabled) }))
    .on(describeAclsApi, () => ({ throttleTimeMs, ...disabled, resources: [] }))
    .on(deleteAclsApi, ({ filters }) => ({
      throttleTimeMs,
      filterResults: filters.map((_filter, at) => ({
        ...fine,
        matchingAcls: [{ ...(at === 0 ? fine : disabled), ...acl }],
      })),
    }));
  const admin = new Admin(cluster);
  const binding: AclBinding = { resourceType: "TOPIC", resourceName: "t", principal: "User:a", operation: "READ" };
  assert.deepEqual(await codesOf(admin.createAcls([binding])), { 0: "SECURITY_DISABLED" });
  assert.equal(await codeOf(admin.describeAcls()), "SECURITY_DISABLED");
  assert.deepEqual(await codesOf(admin.deleteAcls([{}, {}])), { 1: "SECURITY_DISABLED" });
});

test("quotas are set, described and taken away, each entity for itself", async () => {
  await using made = await startServed((cluster) => {
    let values: { key: string; value: number }[] = [];
    cluster.on(alterClientQuotasApi, ({ entries, validateOnly }) => ({
      throttleTimeMs,
      entries: entries.map(({ entity, ops }) => {
        const isGood = ops.every(({ key }) => key !== "no_such_quota");
        if (isGood && !validateOnly) {
          values = values.filter(({ key }) => !ops.some((op) => op.key === key));
          values.push(...ops.filter(({ remove }) => !remove).map(({ key, value }) => ({ key, value })));
        }
        return { ...(isGood ? fine : invalid), entity };
      }),
    }));
    cluster.on(describeClientQuotasApi, ({ components }) => ({
      throttleTimeMs,
      ...fine,
      entries:
        values.length === 0
          ? []
          : [{ entity: components.map(({ entityType, match }) => ({ entityType, entityName: match })), values }],
    }));
  });
  const { admin, name, scripted } = made;
  const entity = { user: name("alice") };
  await admin.alterClientQuotas([{ entity, quotas: { producer_byte_rate: 1000, request_percentage: 2.5 } }]);
  await admin.alterClientQuotas([{ entity, quotas: { producer_byte_rate: 1 } }], { validateOnly: true });
  const describe = () =>
    admin.describeClientQuotas([{ entityType: "user", match: { name: entity.user } }], { strict: true });
  const describes = (expected: readonly ClientQuotas[]) =>
    eventually(async () => assert.deepEqual(await describe(), expected));
  await describes([{ entity, quotas: { producer_byte_rate: 1000, request_percentage: 2.5 } }]);
  const call = admin.alterClientQuotas([
    { entity, quotas: { producer_byte_rate: null } },
    { entity: { user: name("bob"), "client-id": null }, quotas: { no_such_quota: 1 } },
  ]);
  assert.deepEqual(await codesOf(call), { [`client-id=<default>,user=${name("bob")}`]: "INVALID_REQUEST" });
  await describes([{ entity, quotas: { request_percentage: 2.5 } }]);
  await admin.alterClientQuotas([{ entity, quotas: { request_percentage: null } }]);
  await describes([]);
  await admin.describeClientQuotas([
    { entityType: "user", match: "default" },
    { entityType: "client-id", match: "any" },
  ]);
  if (scripted === null) return;
  assert.deepEqual(scripted.requests(describeClientQuotasApi).at(-1), {
    components: [
      { entityType: "user", matchType: 1, match: null },
      { entityType: "client-id", matchType: 2, match: null },
    ],
    strict: false,
  });
});

test("SCRAM credentials are set, described and deleted, each user for itself", async () => {
  await using made = await startServed((cluster) => {
    const users = new Map<string, { mechanism: number; iterations: number }[]>();
    const missing = { errorCode: errorCodes.RESOURCE_NOT_FOUND, errorMessage: "none" };
    cluster.on(alterUserScramCredentialsApi, ({ deletions, upsertions }) => {
      for (const { name, mechanism, iterations } of upsertions) users.set(name, [{ mechanism, iterations }]);
      const gone = deletions.map(({ name }) => ({ user: name, ...(users.delete(name) ? fine : missing) }));
      return { throttleTimeMs, results: [...upsertions.map(({ name }) => ({ user: name, ...fine })), ...gone] };
    });
    cluster.on(describeUserScramCredentialsApi, (request) => ({
      throttleTimeMs,
      ...fine,
      results: (request.users ?? [...users.keys()].map((name) => ({ name }))).map(({ name }) => ({
        user: name,
        ...(users.has(name) ? fine : missing),
        credentialInfos: users.get(name) ?? [],
      })),
    }));
  });
  const { admin, name } = made;
  const [alice, bob] = [name("alice"), name("bob")];
  const mechanism = "SCRAM-SHA-512";
  await admin.alterUserScramCredentials([{ user: alice, mechanism, password: "secret", iterations: 5000 }]);
  const described = await eventually(() => admin.describeUserScramCredentials([alice]));
  assert.deepEqual(described.get(alice), { user: alice, credentials: [{ mechanism, iterations: 5000 }] });
  assert.equal((await admin.describeUserScramCredentials()).has(alice), true);
  assert.deepEqual(await codesOf(admin.describeUserScramCredentials([alice, bob])), { [bob]: "RESOURCE_NOT_FOUND" });
  const call = admin.alterUserScramCredentials([
    { user: alice, mechanism, isDeleted: true },
    { user: bob, mechanism, isDeleted: true },
    { user: "", mechanism, password: "secret" },
    { user: name("carol"), mechanism, password: "" },
  ]);
  assert.deepEqual(await codesOf(call), {
    "": "UNACCEPTABLE_CREDENTIAL",
    [name("carol")]: "UNACCEPTABLE_CREDENTIAL",
    [bob]: "RESOURCE_NOT_FOUND",
  });
  await eventually(async () => {
    assert.deepEqual(await codesOf(admin.describeUserScramCredentials([alice])), { [alice]: "RESOURCE_NOT_FOUND" });
  });
});

test("a password is salted as RFC 7677 says, and is not sent", async () => {
  const cluster = new ScriptedCluster().on(alterUserScramCredentialsApi, ({ upsertions }) => ({
    throttleTimeMs,
    results: upsertions.map(({ name }) => ({ user: name, ...fine })),
  }));
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  await new Admin(cluster).alterUserScramCredentials([
    { user: "user", mechanism: "SCRAM-SHA-256", password: "pencil", salt },
    { user: "other", mechanism: "SCRAM-SHA-256", password: "pencil" },
  ]);
  const [sent, other] = cluster.requests(alterUserScramCredentialsApi)[0]!.upsertions;
  assert.deepEqual([sent!.mechanism, sent!.iterations, sent!.salt], [1, 4096, salt]);
  // The server's signature of the example in section 3 of the RFC, made from what was sent.
  const conversation = [
    "n=user,r=rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  ].join(",");
  const serverKey = createHmac("sha256", sent!.saltedPassword).update("Server Key").digest();
  const signature = createHmac("sha256", serverKey).update(conversation).digest("base64");
  assert.equal(signature, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  assert.equal(other!.salt.length, 24);
  assert.notDeepEqual(other!.saltedPassword, sent!.saltedPassword);
});

test("tokens are not given over a connection without authentication", async () => {
  const refused = errorCodes.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED;
  await using made = await startServed((cluster) => {
    cluster.on(createDelegationTokenApi, () => ({ ...noToken, errorCode: refused }));
    cluster.on(renewDelegationTokenApi, () => ({ errorCode: refused, expiryTimestampMs: -1, throttleTimeMs }));
    cluster.on(expireDelegationTokenApi, () => ({ errorCode: refused, expiryTimestampMs: -1, throttleTimeMs }));
    cluster.on(describeDelegationTokenApi, () => ({ errorCode: refused, tokens: [], throttleTimeMs }));
  });
  const { admin } = made;
  const hmac = Buffer.from("anything");
  const code = "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED";
  assert.equal(await codeOf(admin.createDelegationToken()), code);
  assert.equal(await codeOf(admin.renewDelegationToken(hmac)), code);
  assert.equal(await codeOf(admin.expireDelegationToken(hmac)), code);
  assert.equal(await codeOf(admin.describeDelegationToken()), code);
});

const noToken = {
  principalType: "User",
  principalName: "alice",
  tokenRequesterPrincipalType: "User",
  tokenRequesterPrincipalName: "admin",
  issueTimestampMs: 1,
  expiryTimestampMs: 2,
  maxTimestampMs: 3,
  tokenId: "token",
  hmac: Buffer.from("secret"),
  throttleTimeMs,
};

test("tokens are created, renewed, expired and described", async () => {
  const { issueTimestampMs, expiryTimestampMs, maxTimestampMs, ...token } = noToken;
  const told = {
    ...token,
    issueTimestamp: issueTimestampMs,
    expiryTimestamp: expiryTimestampMs,
    maxTimestamp: maxTimestampMs,
    renewers: [{ principalType: "User", principalName: "bob:smith" }],
  };
  const cluster = new ScriptedCluster()
    .on(createDelegationTokenApi, () => ({ ...noToken, errorCode: 0 }))
    .on(renewDelegationTokenApi, ({ renewPeriodMs }) => ({
      errorCode: 0,
      expiryTimestampMs: 100 + renewPeriodMs,
      throttleTimeMs,
    }))
    .on(expireDelegationTokenApi, ({ expiryTimePeriodMs }) => ({
      errorCode: 0,
      expiryTimestampMs: expiryTimePeriodMs,
      throttleTimeMs,
    }))
    .on(describeDelegationTokenApi, () => ({ errorCode: 0, tokens: [told], throttleTimeMs }));
  const admin = new Admin(cluster);
  const expected = {
    tokenId: "token",
    hmac: Buffer.from("secret"),
    owner: "User:alice",
    requester: "User:admin",
    renewers: ["User:bob:smith"],
    issuedAtMs: 1,
    expiresAtMs: 2,
    maxTimestampMs: 3,
  };
  const created = await admin.createDelegationToken({
    owner: "User:alice",
    renewers: ["User:bob:smith"],
    maxLifetimeMs: 60_000,
  });
  assert.deepEqual(created, expected);
  assert.deepEqual(cluster.requests(createDelegationTokenApi)[0], {
    ownerPrincipalType: "User",
    ownerPrincipalName: "alice",
    renewers: [{ principalType: "User", principalName: "bob:smith" }],
    maxLifetimeMs: 60_000,
  });
  assert.equal(await admin.renewDelegationToken(created.hmac, { renewPeriodMs: 5 }), 105);
  assert.equal(await admin.renewDelegationToken(created.hmac), 99);
  assert.equal(await admin.expireDelegationToken(created.hmac), -1);
  assert.deepEqual(await admin.describeDelegationToken({ owners: ["User:alice"] }), [expected]);
  assert.deepEqual(cluster.requests(describeDelegationTokenApi)[0]!.owners, [
    { principalType: "User", principalName: "alice" },
  ]);
  await admin.describeDelegationToken();
  assert.equal(cluster.requests(describeDelegationTokenApi)[1]!.owners, null);
  assert.equal(await codeOf(admin.createDelegationToken({ owner: "alice" })), "CONFIG");
  const unsaid = { tokenRequesterPrincipalType: "", tokenRequesterPrincipalName: "" };
  cluster.on(createDelegationTokenApi, () => ({ ...noToken, ...unsaid, errorCode: 0 }), 2);
  assert.equal((await admin.createDelegationToken()).requester, "User:alice");
  assert.equal(await codeOf(admin.createDelegationToken({ owner: "User:alice" })), "UNSUPPORTED_VERSION");
});
