// Access control lists: create, describe, delete (KIP-140, KIP-290). Java: Admin.createAcls, describeAcls, deleteAcls.
// Items of a request are told apart by their position: bindings and filters have no shorter name.

import { errorCodes } from "@ottla/protocol";
import { createAclsApi } from "@ottla/protocol/messages/30-create-acls.ts";
import { deleteAclsApi } from "@ottla/protocol/messages/31-delete-acls.ts";
import type { DeleteAclsResponse } from "@ottla/protocol/messages/31-delete-acls.ts";
import { describeAclsApi } from "@ottla/protocol/messages/29-describe-acls.ts";
import { brokerError } from "../errors.ts";
import { aclOperations, aclPatternTypes, aclPermissions, aclResourceTypes } from "./acl-names.ts";
import type { AclOperation, AclPatternType, AclPermissionType, AclResourceType } from "./acl-names.ts";
import { throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { controllerOf } from "./lookups.ts";

/** One rule: this principal may, or may not, do this to that, from there. */
export interface AclBinding {
  readonly resourceType: AclResourceType;
  /** "*" for all; "kafka-cluster" for the cluster. */
  readonly resourceName: string;
  /** LITERAL or PREFIXED. Default LITERAL. */
  readonly patternType?: AclPatternType;
  /** Such as "User:alice"; "User:*" for everybody. */
  readonly principal: string;
  /** Address, or "*". Default "*". */
  readonly host?: string;
  readonly operation: AclOperation;
  /** Default ALLOW. */
  readonly permissionType?: AclPermissionType;
}

/** What rules have to be; what is left out may be anything. */
export interface AclFilter {
  readonly resourceType?: AclResourceType;
  readonly resourceName?: string;
  /** MATCH finds every rule that the name falls under, ANY those of this very name. Default ANY. */
  readonly patternType?: AclPatternType;
  readonly principal?: string;
  readonly host?: string;
  readonly operation?: AclOperation;
  readonly permissionType?: AclPermissionType;
}

/** A rule as a broker tells it. */
export type Acl = Required<AclBinding>;

/** Java: Admin.createAcls. */
export async function createAcls(call: AdminCall, bindings: readonly AclBinding[]): Promise<void> {
  await performKeyed<number, null>(call, {
    keys: bindings.keys(),
    locate: controllerOf,
    perform: async (nodeId, positions) => {
      const { results } = await call.send(nodeId, createAclsApi, {
        creations: positions.map((position) => {
          const binding = bindings[position]!;
          return {
            resourceType: aclResourceTypes.idOf(binding.resourceType),
            resourceName: binding.resourceName,
            resourcePatternType: aclPatternTypes.idOf(binding.patternType ?? "LITERAL"),
            principal: binding.principal,
            host: binding.host ?? "*",
            operation: aclOperations.idOf(binding.operation),
            permissionType: aclPermissions.idOf(binding.permissionType ?? "ALLOW"),
          };
        }),
      });
      return byPosition(positions, results, () => null);
    },
  });
}

/** Java: Admin.describeAcls. */
export async function describeAcls(call: AdminCall, filter: AclFilter): Promise<Acl[]> {
  const { resources } = await call.retry(async () => {
    const answer = await call.send(null, describeAclsApi, filterFields(filter));
    throwOnError(answer.errorCode, answer.errorMessage);
    return answer;
  });
  return resources.flatMap(({ acls, ...resource }) => acls.map((acl) => aclOf({ ...resource, ...acl })));
}

/** Java: Admin.deleteAcls. The deleted rules, by the filter's position. A rule that could not be deleted fails its filter. */
export async function deleteAcls(call: AdminCall, filters: readonly AclFilter[]): Promise<Map<number, Acl[]>> {
  return performKeyed<number, Acl[]>(call, {
    keys: filters.keys(),
    locate: controllerOf,
    perform: async (nodeId, positions) => {
      const { filterResults } = await call.send(nodeId, deleteAclsApi, {
        filters: positions.map((position) => filterFields(filters[position]!)),
      });
      return byPosition(positions, filterResults.map(firstFailure), ({ matchingAcls }) => matchingAcls.map(aclOf));
    },
  });
}

type FilterResult = DeleteAclsResponse["filterResults"][number];

function firstFailure(result: FilterResult): FilterResult {
  const failed = result.matchingAcls.find(({ errorCode }) => errorCode !== errorCodes.NONE);
  if (result.errorCode !== errorCodes.NONE || failed === undefined) return result;
  return { ...result, errorCode: failed.errorCode, errorMessage: failed.errorMessage };
}

function byPosition<Result extends { errorCode: number; errorMessage: string | null }, Value>(
  positions: readonly number[],
  results: readonly Result[],
  valueOf: (result: Result) => Value,
): Map<number, Outcome<Value>> {
  const outcomes = new Map<number, Outcome<Value>>();
  for (const [index, position] of positions.entries()) {
    const result = results[index];
    if (result === undefined) continue;
    const { errorCode, errorMessage } = result;
    const error = brokerError(errorCode, errorMessage);
    if (errorCode === errorCodes.NONE) outcomes.set(position, { value: valueOf(result) });
    else outcomes.set(position, errorCode === errorCodes.NOT_CONTROLLER ? { again: error } : { error });
  }
  return outcomes;
}

function filterFields(filter: AclFilter) {
  return {
    resourceTypeFilter: aclResourceTypes.idOf(filter.resourceType ?? "ANY"),
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: aclPatternTypes.idOf(filter.patternType ?? "ANY"),
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: aclOperations.idOf(filter.operation ?? "ANY"),
    permissionType: aclPermissions.idOf(filter.permissionType ?? "ANY"),
  };
}

function aclOf(acl: {
  resourceType: number;
  resourceName: string;
  patternType: number;
  principal: string;
  host: string;
  operation: number;
  permissionType: number;
}): Acl {
  return {
    resourceType: aclResourceTypes.nameOf(acl.resourceType),
    resourceName: acl.resourceName,
    patternType: aclPatternTypes.nameOf(acl.patternType),
    principal: acl.principal,
    host: acl.host,
    operation: aclOperations.nameOf(acl.operation),
    permissionType: aclPermissions.nameOf(acl.permissionType),
  };
}
