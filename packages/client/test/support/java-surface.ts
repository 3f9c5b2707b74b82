// What Java's clients offer, as kafka-clients 4.3.1 tells by reflection, sorted: the keys that ProducerConfig, ConsumerConfig and AdminClientConfig
// define; the public methods of the interfaces that applications use or implement, and of the records that they hold, without equals, hashCode
// and toString; and by group the metrics of clients that ran with transactions and both group protocols.
// docs/reference/client.md has a row for each; client-table.test.ts compares. Methods of Admin are in docs/reference/client-admin.md.

const words = (text: string): readonly string[] => text.trim().split(/\s+/);
const lines = (text: string): readonly string[] => text.trim().split(/\n\s*/);

export const javaConfigKeys = words(`
  acks allow.auto.create.topics auto.commit.interval.ms auto.offset.reset batch.size bootstrap.controllers bootstrap.servers buffer.memory
  check.crcs client.dns.lookup client.id client.rack compression.gzip.level compression.lz4.level compression.type compression.zstd.level
  config.providers connections.max.idle.ms default.api.timeout.ms delivery.timeout.ms enable.auto.commit enable.idempotence
  enable.metrics.push exclude.internal.topics fetch.max.bytes fetch.max.wait.ms fetch.min.bytes group.id group.instance.id group.protocol
  group.remote.assignor heartbeat.interval.ms interceptor.classes internal.throw.on.fetch.stable.offset.unsupported isolation.level
  key.deserializer key.serializer linger.ms max.block.ms max.in.flight.requests.per.connection max.partition.fetch.bytes
  max.poll.interval.ms max.poll.records max.request.size metadata.max.age.ms metadata.max.idle.ms metadata.recovery.rebootstrap.trigger.ms
  metadata.recovery.strategy metric.reporters metrics.num.samples metrics.recording.level metrics.sample.window.ms
  partition.assignment.strategy partitioner.adaptive.partitioning.enable partitioner.availability.timeout.ms partitioner.class
  partitioner.ignore.keys receive.buffer.bytes reconnect.backoff.max.ms reconnect.backoff.ms request.timeout.ms retries retry.backoff.max.ms
  retry.backoff.ms sasl.client.callback.handler.class sasl.jaas.config sasl.kerberos.kinit.cmd sasl.kerberos.min.time.before.relogin
  sasl.kerberos.service.name sasl.kerberos.ticket.renew.jitter sasl.kerberos.ticket.renew.window.factor sasl.login.callback.handler.class
  sasl.login.class sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds
  sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor sasl.login.refresh.window.jitter sasl.login.retry.backoff.max.ms
  sasl.login.retry.backoff.ms sasl.mechanism sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud
  sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.iss sasl.oauthbearer.assertion.claim.jti.include
  sasl.oauthbearer.assertion.claim.nbf.seconds sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.file
  sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.private.key.passphrase sasl.oauthbearer.assertion.template.file
  sasl.oauthbearer.client.credentials.client.id sasl.oauthbearer.client.credentials.client.secret sasl.oauthbearer.clock.skew.seconds
  sasl.oauthbearer.expected.audience sasl.oauthbearer.expected.issuer sasl.oauthbearer.header.urlencode
  sasl.oauthbearer.jwks.endpoint.refresh.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms
  sasl.oauthbearer.jwks.endpoint.retry.backoff.ms sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.jwt.retriever.class
  sasl.oauthbearer.jwt.validator.class sasl.oauthbearer.scope sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name
  sasl.oauthbearer.token.endpoint.url security.protocol security.providers send.buffer.bytes session.timeout.ms share.acknowledgement.mode
  share.acquire.mode socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms ssl.cipher.suites ssl.enabled.protocols
  ssl.endpoint.identification.algorithm ssl.engine.factory.class ssl.key.password ssl.keymanager.algorithm ssl.keystore.certificate.chain
  ssl.keystore.key ssl.keystore.location ssl.keystore.password ssl.keystore.type ssl.protocol ssl.provider ssl.secure.random.implementation
  ssl.trustmanager.algorithm ssl.truststore.certificates ssl.truststore.location ssl.truststore.password ssl.truststore.type
  transaction.timeout.ms transaction.two.phase.commit.enable transactional.id value.deserializer value.serializer
`);

export const javaMethods = lines(`
  CloseOptions.groupMembershipOperation()
  CloseOptions.timeout()
  CloseOptions.withGroupMembershipOperation(GroupMembershipOperation)
  CloseOptions.withTimeout(Duration)
  Consumer.assign(Collection)
  Consumer.assignment()
  Consumer.beginningOffsets(Collection)
  Consumer.beginningOffsets(Collection, Duration)
  Consumer.clientInstanceId(Duration)
  Consumer.close()
  Consumer.close(CloseOptions)
  Consumer.close(Duration)
  Consumer.commitAsync()
  Consumer.commitAsync(Map, OffsetCommitCallback)
  Consumer.commitAsync(OffsetCommitCallback)
  Consumer.commitSync()
  Consumer.commitSync(Duration)
  Consumer.commitSync(Map)
  Consumer.commitSync(Map, Duration)
  Consumer.committed(Set)
  Consumer.committed(Set, Duration)
  Consumer.currentLag(TopicPartition)
  Consumer.endOffsets(Collection)
  Consumer.endOffsets(Collection, Duration)
  Consumer.enforceRebalance()
  Consumer.enforceRebalance(String)
  Consumer.groupMetadata()
  Consumer.listTopics()
  Consumer.listTopics(Duration)
  Consumer.metrics()
  Consumer.offsetsForTimes(Map)
  Consumer.offsetsForTimes(Map, Duration)
  Consumer.partitionsFor(String)
  Consumer.partitionsFor(String, Duration)
  Consumer.pause(Collection)
  Consumer.paused()
  Consumer.poll(Duration)
  Consumer.position(TopicPartition)
  Consumer.position(TopicPartition, Duration)
  Consumer.registerMetricForSubscription(KafkaMetric)
  Consumer.resume(Collection)
  Consumer.seek(TopicPartition, OffsetAndMetadata)
  Consumer.seek(TopicPartition, long)
  Consumer.seekToBeginning(Collection)
  Consumer.seekToEnd(Collection)
  Consumer.subscribe(Collection)
  Consumer.subscribe(Collection, ConsumerRebalanceListener)
  Consumer.subscribe(Pattern)
  Consumer.subscribe(Pattern, ConsumerRebalanceListener)
  Consumer.subscribe(SubscriptionPattern)
  Consumer.subscribe(SubscriptionPattern, ConsumerRebalanceListener)
  Consumer.subscription()
  Consumer.unregisterMetricFromSubscription(KafkaMetric)
  Consumer.unsubscribe()
  Consumer.wakeup()
  ConsumerGroupMetadata.generationId()
  ConsumerGroupMetadata.groupId()
  ConsumerGroupMetadata.groupInstanceId()
  ConsumerGroupMetadata.memberId()
  ConsumerInterceptor.close()
  ConsumerInterceptor.configure(Map)
  ConsumerInterceptor.onCommit(Map)
  ConsumerInterceptor.onConsume(ConsumerRecords)
  ConsumerPartitionAssignor.assign(Cluster, GroupSubscription)
  ConsumerPartitionAssignor.name()
  ConsumerPartitionAssignor.onAssignment(Assignment, ConsumerGroupMetadata)
  ConsumerPartitionAssignor.subscriptionUserData(Set)
  ConsumerPartitionAssignor.supportedProtocols()
  ConsumerPartitionAssignor.version()
  ConsumerRebalanceListener.onPartitionsAssigned(Collection)
  ConsumerRebalanceListener.onPartitionsLost(Collection)
  ConsumerRebalanceListener.onPartitionsRevoked(Collection)
  ConsumerRecord.deliveryCount()
  ConsumerRecord.headers()
  ConsumerRecord.key()
  ConsumerRecord.leaderEpoch()
  ConsumerRecord.offset()
  ConsumerRecord.partition()
  ConsumerRecord.serializedKeySize()
  ConsumerRecord.serializedValueSize()
  ConsumerRecord.timestamp()
  ConsumerRecord.timestampType()
  ConsumerRecord.topic()
  ConsumerRecord.value()
  ConsumerRecords.count()
  ConsumerRecords.isEmpty()
  ConsumerRecords.iterator()
  ConsumerRecords.nextOffsets()
  ConsumerRecords.partitions()
  ConsumerRecords.records(String)
  ConsumerRecords.records(TopicPartition)
  OffsetAndMetadata.leaderEpoch()
  OffsetAndMetadata.metadata()
  OffsetAndMetadata.offset()
  OffsetAndTimestamp.leaderEpoch()
  OffsetAndTimestamp.offset()
  OffsetAndTimestamp.timestamp()
  Partitioner.close()
  Partitioner.configure(Map)
  Partitioner.partition(String, Object, byte[], Object, byte[], Cluster)
  Producer.abortTransaction()
  Producer.beginTransaction()
  Producer.clientInstanceId(Duration)
  Producer.close()
  Producer.close(Duration)
  Producer.commitTransaction()
  Producer.flush()
  Producer.initTransactions()
  Producer.metrics()
  Producer.partitionsFor(String)
  Producer.registerMetricForSubscription(KafkaMetric)
  Producer.send(ProducerRecord)
  Producer.send(ProducerRecord, Callback)
  Producer.sendOffsetsToTransaction(Map, ConsumerGroupMetadata)
  Producer.unregisterMetricFromSubscription(KafkaMetric)
  ProducerInterceptor.close()
  ProducerInterceptor.configure(Map)
  ProducerInterceptor.onAcknowledgement(RecordMetadata, Exception)
  ProducerInterceptor.onAcknowledgement(RecordMetadata, Exception, Headers)
  ProducerInterceptor.onSend(ProducerRecord)
  ProducerRecord.headers()
  ProducerRecord.key()
  ProducerRecord.partition()
  ProducerRecord.timestamp()
  ProducerRecord.topic()
  ProducerRecord.value()
  RecordMetadata.hasOffset()
  RecordMetadata.hasTimestamp()
  RecordMetadata.offset()
  RecordMetadata.partition()
  RecordMetadata.serializedKeySize()
  RecordMetadata.serializedValueSize()
  RecordMetadata.timestamp()
  RecordMetadata.topic()
  SubscriptionPattern.pattern()
  new ProducerRecord(String, Integer, Long, Object, Object)
  new ProducerRecord(String, Integer, Long, Object, Object, Iterable)
  new ProducerRecord(String, Integer, Object, Object)
  new ProducerRecord(String, Integer, Object, Object, Iterable)
  new ProducerRecord(String, Object)
  new ProducerRecord(String, Object, Object)
`);

/** Metric names by group. Those of a producer's, consumer's or admin's connections are in each of the three groups. */
export const javaMetrics: Readonly<Record<string, readonly string[]>> = {
  "admin-client-metrics": words(`
    connection-close-rate connection-close-total connection-count connection-creation-rate connection-creation-total
    failed-authentication-rate failed-authentication-total failed-reauthentication-rate failed-reauthentication-total incoming-byte-rate
    incoming-byte-total io-ratio io-time-ns-avg io-time-ns-total io-wait-ratio io-wait-time-ns-avg io-wait-time-ns-total network-io-rate
    network-io-total outgoing-byte-rate outgoing-byte-total reauthentication-latency-avg reauthentication-latency-max request-rate
    request-size-avg request-size-max request-total response-rate response-total select-rate select-total
    successful-authentication-no-reauth-total successful-authentication-rate successful-authentication-total
    successful-reauthentication-rate successful-reauthentication-total
  `),
  "app-info": words(`
    commit-id start-time-ms version
  `),
  "consumer-coordinator-metrics": words(`
    assigned-partitions commit-latency-avg commit-latency-max commit-rate commit-total failed-rebalance-rate-per-hour failed-rebalance-total
    heartbeat-rate heartbeat-response-time-max heartbeat-total join-rate join-time-avg join-time-max join-total last-heartbeat-seconds-ago
    last-rebalance-seconds-ago partition-assigned-latency-avg partition-assigned-latency-max partition-lost-latency-avg
    partition-lost-latency-max partition-revoked-latency-avg partition-revoked-latency-max rebalance-latency-avg rebalance-latency-max
    rebalance-latency-total rebalance-rate-per-hour rebalance-total sync-rate sync-time-avg sync-time-max sync-total
  `),
  "consumer-fetch-manager-metrics": words(`
    bytes-consumed-rate bytes-consumed-total fetch-latency-avg fetch-latency-max fetch-rate fetch-size-avg fetch-size-max
    fetch-throttle-time-avg fetch-throttle-time-max fetch-total preferred-read-replica records-consumed-rate records-consumed-total
    records-lag records-lag-avg records-lag-max records-lead records-lead-avg records-lead-min records-per-request-avg
  `),
  "consumer-metrics": words(`
    application-event-queue-processing-time-avg application-event-queue-processing-time-max application-event-queue-size
    application-event-queue-time-avg application-event-queue-time-max application-events-expired-count
    background-event-queue-processing-time-avg background-event-queue-processing-time-max background-event-queue-size
    background-event-queue-time-avg background-event-queue-time-max commit-sync-time-ns-total committed-time-ns-total connection-close-rate
    connection-close-total connection-count connection-creation-rate connection-creation-total failed-authentication-rate
    failed-authentication-total failed-reauthentication-rate failed-reauthentication-total incoming-byte-rate incoming-byte-total io-ratio
    io-time-ns-avg io-time-ns-total io-wait-ratio io-wait-time-ns-avg io-wait-time-ns-total last-poll-seconds-ago network-io-rate
    network-io-total outgoing-byte-rate outgoing-byte-total poll-idle-ratio-avg reauthentication-latency-avg reauthentication-latency-max
    request-rate request-size-avg request-size-max request-total response-rate response-total select-rate select-total
    successful-authentication-no-reauth-total successful-authentication-rate successful-authentication-total
    successful-reauthentication-rate successful-reauthentication-total time-between-network-thread-poll-avg
    time-between-network-thread-poll-max time-between-poll-avg time-between-poll-max unsent-requests-queue-size
    unsent-requests-queue-time-avg unsent-requests-queue-time-max
  `),
  "kafka-metrics-count": words(`
    count
  `),
  "producer-metrics": words(`
    batch-size-avg batch-size-max batch-split-rate batch-split-total buffer-available-bytes buffer-exhausted-rate buffer-exhausted-total
    buffer-total-bytes bufferpool-wait-ratio bufferpool-wait-time-ns-total compression-rate-avg connection-close-rate connection-close-total
    connection-count connection-creation-rate connection-creation-total failed-authentication-rate failed-authentication-total
    failed-reauthentication-rate failed-reauthentication-total flush-time-ns-total incoming-byte-rate incoming-byte-total io-ratio
    io-time-ns-avg io-time-ns-total io-wait-ratio io-wait-time-ns-avg io-wait-time-ns-total metadata-age metadata-wait-time-ns-total
    network-io-rate network-io-total outgoing-byte-rate outgoing-byte-total produce-throttle-time-avg produce-throttle-time-max
    reauthentication-latency-avg reauthentication-latency-max record-error-rate record-error-total record-queue-time-avg
    record-queue-time-max record-retry-rate record-retry-total record-send-rate record-send-total record-size-avg record-size-max
    records-per-request-avg request-latency-avg request-latency-max request-rate request-size-avg request-size-max request-total
    requests-in-flight response-rate response-total select-rate select-total successful-authentication-no-reauth-total
    successful-authentication-rate successful-authentication-total successful-reauthentication-rate successful-reauthentication-total
    txn-abort-time-ns-total txn-begin-time-ns-total txn-commit-time-ns-total txn-init-time-ns-total txn-prepare-time-ns-total
    txn-send-offsets-time-ns-total waiting-threads
  `),
  "producer-node-metrics": words(`
    incoming-byte-rate incoming-byte-total outgoing-byte-rate outgoing-byte-total request-latency-avg request-latency-max request-rate
    request-size-avg request-size-max request-total response-rate response-total
  `),
  "producer-topic-metrics": words(`
    byte-rate byte-total compression-rate record-error-rate record-error-total record-retry-rate record-retry-total record-send-rate
    record-send-total
  `),
};
