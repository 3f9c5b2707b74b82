// Which groups and transactional ids a request names, in whatever field its API has for them.

const GROUP_KEY = 0;
const TRANSACTION_KEY = 1;

/** The fields of all requests that name a group or a transactional id. */
interface Named {
  readonly groupId?: string;
  readonly groups?: readonly (string | { readonly groupId: string })[];
  readonly groupsNames?: readonly string[];
  readonly groupIds?: readonly string[];
  readonly transactionalId?: string | null;
  readonly transactionalIds?: readonly string[];
  readonly v3AndBelowTransactionalId?: string;
  readonly transactions?: readonly { readonly transactionalId: string }[];
  readonly keyType?: number;
  readonly key?: string;
  readonly coordinatorKeys?: readonly string[];
}

export function groupIdsOf(request: unknown): string[] {
  const { groupId, groups = [], groupsNames = [], groupIds = [] } = request as Named;
  const named = groups.map((group) => (typeof group === "string" ? group : group.groupId));
  return filled([groupId, ...named, ...groupsNames, ...groupIds, ...coordinatorKeysOf(request, GROUP_KEY)]);
}

export function transactionalIdsOf(request: unknown): string[] {
  const { transactionalId, transactionalIds = [], v3AndBelowTransactionalId, transactions = [] } = request as Named;
  const named = transactions.map((transaction) => transaction.transactionalId);
  const keys = coordinatorKeysOf(request, TRANSACTION_KEY);
  return filled([transactionalId, v3AndBelowTransactionalId, ...transactionalIds, ...named, ...keys]);
}

// FindCoordinator names either kind.
function coordinatorKeysOf(request: unknown, type: number): (string | undefined)[] {
  const { keyType, key, coordinatorKeys = [] } = request as Named;
  return keyType === type ? [key, ...coordinatorKeys] : [];
}

function filled(ids: readonly (string | null | undefined)[]): string[] {
  return ids.filter((id): id is string => id !== undefined && id !== null && id !== "");
}
