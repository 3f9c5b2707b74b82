// What other packages may use of the metadata package.

export { BrokerConfig, configSource, defaultBrokerConfig, readBrokerProperties } from "./configs/broker-config.ts";
export type { ConfigLayers, ConfigTexts, ReadProperties } from "./configs/broker-config.ts";
export { ConfigError } from "./configs/config-error.ts";
export type { ConfigDefinition, ConfigImportance, ConfigType, ConfigUpdateMode } from "./configs/definition.ts";
export { groupConfigValue } from "./configs/group-configs.ts";
export type { GroupConfigName } from "./configs/group-configs.ts";
export type { Endpoint, NodeListeners } from "./configs/listeners.ts";
export { parseConfig, parseNewConfig } from "./configs/parse-config.ts";
export { parseProperties, PropertiesError } from "./configs/properties.ts";
export {
  brokerConfig,
  brokerConfigNames,
  brokerConfigs,
  topicConfig,
  topicConfigNames,
  topicConfigs,
} from "./configs/tables.ts";
export type { BrokerConfigName, BrokerConfigValue, TopicConfigName, TopicConfigValue } from "./configs/tables.ts";
export { toLogConfig, topicConfigValue } from "./configs/topic-config-resolution.ts";
export type {
  ControllerApi,
  ErrorResult,
  ProducerIdsResult,
  Publisher,
  RegisteredBroker,
  RegistrationResult,
} from "./controller/controller-api.ts";
export { configResource, NO_LEADER } from "./image/image-types.ts";
export type { BrokerEndPoint, BrokerImage, PartitionImage, SupportedFeature, TopicImage } from "./image/image-types.ts";
export { describeConfigs } from "./configs/describe-configs.ts";
export type { DescribeContext } from "./configs/describe-configs.ts";
export { Controller, startController } from "./controller/controller.ts";
export type { ControllerOptions } from "./controller/controller.ts";
export { effectiveConfig } from "./controller/decision.ts";
export { CLUSTER_METADATA_TOPIC, refuseTopicName } from "./image/topic-name.ts";
export type { ChangedResource, ChangedTopic, MetadataDelta } from "./image/delta.ts";
export { MetadataImage } from "./image/metadata-image.ts";
export { openFileMetadataLog } from "./log/open-file-metadata-log.ts";
export type { OpenOptions } from "./log/open-file-metadata-log.ts";
export { METADATA_FOLDER } from "./log/metadata-files.ts";
export { MetadataLogError } from "./log/metadata-log.ts";
export type { MetadataLog, OpenedMetadataLog } from "./log/metadata-log.ts";
export { openMemoryMetadataLog } from "./log/memory-metadata-log.ts";
export { METADATA_VERSION, supportedFeatures } from "./records/feature-levels.ts";
