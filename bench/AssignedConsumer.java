// Kafka's own Java consumer with assign(), timed: what kafka-consumer-perf-test does, but without a consumer group.
// java -cp KAFKA_JARS AssignedConsumer.java BOOTSTRAP TOPIC RECORDS; prints "SECONDS BYTES".
// The first pass, unmeasured, warms up; then the topic is read again and again.

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class AssignedConsumer {
    private static final long MEASURED_NANOS = 4_000_000_000L;

    public static void main(String[] words) {
        long records = Long.parseLong(words[2]);
        Map<String, Object> configs = Map.of("bootstrap.servers", words[0], "receive.buffer.bytes", 2097152, "check.crcs", "true");
        try (var consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partition = List.of(new TopicPartition(words[1], 0));
            consumer.assign(partition);
            read(consumer, partition, records);
            long started = System.nanoTime();
            long bytes = 0;
            while (System.nanoTime() - started < MEASURED_NANOS) bytes += read(consumer, partition, records);
            System.out.println((System.nanoTime() - started) / 1e9 + " " + bytes);
        }
    }

    private static long read(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partition, long records) {
        consumer.seekToBeginning(partition);
        long bytes = 0;
        for (long seen = 0; seen < records; ) {
            for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofSeconds(1))) {
                bytes += each.value().length;
                seen++;
            }
        }
        return bytes;
    }
}
