// Which names a topic may have: Kafka's Topic.validate.

const MAX_TOPIC_NAME_LENGTH = 249;
const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/;

/** The log of the cluster's metadata; no topic of users. */
export const CLUSTER_METADATA_TOPIC = "__cluster_metadata";

/** Why a name is refused, as an end of "Topic name is invalid: …", or null. */
export function refuseTopicName(name: string): string | null {
  if (name === "") return "it must not be empty";
  if (name === "." || name === "..") return `it must not be '${name}'`;
  if (name.length > MAX_TOPIC_NAME_LENGTH)
    return `it has ${name.length} characters, and ${MAX_TOPIC_NAME_LENGTH} is the most`;
  if (!LEGAL_NAME.test(name)) return `'${name}' has characters other than ASCII letters, digits, '.', '_' and '-'`;
  return null;
}
