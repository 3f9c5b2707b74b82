// Every record of the metadata log in one list, for replay, for tools and for checks.

import { abortTransactionRecord } from "./abort-transaction.ts";
import { accessControlEntryRecord } from "./access-control-entry.ts";
import { beginTransactionRecord } from "./begin-transaction.ts";
import { brokerRegistrationChangeRecord } from "./broker-registration-change.ts";
import { clearElrRecord } from "./clear-elr.ts";
import { clientQuotaRecord } from "./client-quota.ts";
import { configRecord } from "./config.ts";
import { delegationTokenRecord } from "./delegation-token.ts";
import { endTransactionRecord } from "./end-transaction.ts";
import { featureLevelRecord } from "./feature-level.ts";
import { fenceBrokerRecord } from "./fence-broker.ts";
import { noOpRecord } from "./no-op.ts";
import { partitionChangeRecord } from "./partition-change.ts";
import { partitionRecord } from "./partition.ts";
import { producerIdsRecord } from "./producer-ids.ts";
import { registerBrokerRecord } from "./register-broker.ts";
import { registerControllerRecord } from "./register-controller.ts";
import { removeAccessControlEntryRecord } from "./remove-access-control-entry.ts";
import { removeDelegationTokenRecord } from "./remove-delegation-token.ts";
import { removeTopicRecord } from "./remove-topic.ts";
import { removeUserScramCredentialRecord } from "./remove-user-scram-credential.ts";
import { topicRecord } from "./topic.ts";
import { unfenceBrokerRecord } from "./unfence-broker.ts";
import { unregisterBrokerRecord } from "./unregister-broker.ts";
import { unregisterControllerRecord } from "./unregister-controller.ts";
import { userScramCredentialRecord } from "./user-scram-credential.ts";
import { zkMigrationStateRecord } from "./zk-migration-state.ts";
import type { RecordType } from "../schema/define.ts";

export const allMetadataRecords: readonly RecordType<unknown, never>[] = [
  abortTransactionRecord,
  accessControlEntryRecord,
  beginTransactionRecord,
  brokerRegistrationChangeRecord,
  clearElrRecord,
  clientQuotaRecord,
  configRecord,
  delegationTokenRecord,
  endTransactionRecord,
  featureLevelRecord,
  fenceBrokerRecord,
  noOpRecord,
  partitionChangeRecord,
  partitionRecord,
  producerIdsRecord,
  registerBrokerRecord,
  registerControllerRecord,
  removeAccessControlEntryRecord,
  removeDelegationTokenRecord,
  removeTopicRecord,
  removeUserScramCredentialRecord,
  topicRecord,
  unfenceBrokerRecord,
  unregisterBrokerRecord,
  unregisterControllerRecord,
  userScramCredentialRecord,
  zkMigrationStateRecord,
];
