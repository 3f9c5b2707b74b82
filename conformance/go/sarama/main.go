// The sarama client against one broker. It speaks older API versions than the others.
// sarama HOST:PORT PREFIX. Topics begin with PREFIX. The lines printed are described in package checks.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"

	. "ottla/conformance/checks"
)

var (
	bootstrap []string
	prefix    string
	admin     sarama.ClusterAdmin
)

var codecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

func main() {
	bootstrap, prefix = []string{os.Args[1]}, os.Args[2]
	made, err := sarama.NewClusterAdmin(bootstrap, config(sarama.V3_6_0_0))
	Must(err)
	admin = made
	Check("describes the cluster", describesCluster)
	Check("creates a topic with configs and describes it", createsTopic)
	for _, compression := range Compressions {
		Check("produces and consumes "+compression, func() { producesAndConsumes(compression, sarama.V3_6_0_0) })
	}
	Check("produces and consumes at the versions of Kafka 2.1", func() { producesAndConsumes("gzip", sarama.V2_1_0_0) })
	Check("finds offsets by timestamp", findsOffsetsByTimestamp)
	Check("keeps order and count with an idempotent producer", idempotent)
	Check("changes configs one by one", changesConfigs)
	Check("adds partitions and never removes any", addsPartitions)
	Check("deletes records before an offset", deletesRecords)
	Check("is told when an offset is out of range", outOfRange)
	Check("is refused a record above max.message.bytes", tooLarge)
	Check("deletes a topic", deletesTopic)
	Check("shares partitions in a group and goes on where it committed", sharesPartitions)
	Check("commits records and offsets together, or neither", transacts)
}

func config(version sarama.KafkaVersion) *sarama.Config {
	made := sarama.NewConfig()
	made.Version = version
	made.ClientID = "sarama"
	made.Producer.Return.Successes = true
	made.Producer.Partitioner = sarama.NewManualPartitioner
	made.Producer.RequiredAcks = sarama.WaitForAll
	made.Consumer.Return.Errors = true
	made.Consumer.MaxWaitTime = 100 * time.Millisecond
	return made
}

func create(name string, partitions int32, configs map[string]*string) string {
	Must(admin.CreateTopic(prefix+name, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: configs}, false))
	return prefix + name
}

func text(value string) *string { return &value }

func expectRefusal(err error, expected error) {
	if !errors.Is(err, expected) {
		panic(fmt.Sprintf("the answer is %v, expected %v", err, expected))
	}
}

func produce(settings *sarama.Config, messages []*sarama.ProducerMessage) {
	producer, err := sarama.NewSyncProducer(bootstrap, settings)
	Must(err)
	defer producer.Close()
	Must(producer.SendMessages(messages))
}

func plain(topic string, count int) []*sarama.ProducerMessage {
	var messages []*sarama.ProducerMessage
	for index := range count {
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(fmt.Sprint(index))})
	}
	return messages
}

func read(topic string, partitions int32, wanted int, version sarama.KafkaVersion) []*sarama.ConsumerMessage {
	consumer, err := sarama.NewConsumer(bootstrap, config(version))
	Must(err)
	defer consumer.Close()
	arrived := make(chan *sarama.ConsumerMessage)
	for partition := range partitions {
		reader, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
		Must(err)
		defer reader.AsyncClose()
		go func() {
			for message := range reader.Messages() {
				arrived <- message
			}
		}()
	}
	var seen []*sarama.ConsumerMessage
	limit := time.After(20 * time.Second)
	for len(seen) < wanted {
		select {
		case message := <-arrived:
			seen = append(seen, message)
		case <-limit:
			panic(fmt.Sprintf("read only %d records in 20 s", len(seen)))
		}
	}
	return seen
}

func describesCluster() {
	brokers, controller, err := admin.DescribeCluster()
	Must(err)
	Expect(len(brokers), 1, "the number of brokers")
	Expect(brokers[0].Addr(), bootstrap[0], "the advertised address")
	Expect(controller, brokers[0].ID(), "the controller")
}

func createsTopic() {
	topic := create("created", 4, map[string]*string{"retention.ms": text("7200000")})
	described, err := admin.DescribeTopics([]string{topic})
	Must(err)
	Expect(len(described[0].Partitions), 4, "the partitions described")
	Expect(configValue(topic, "retention.ms"), "7200000", "the config described")
	expectRefusal(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false), sarama.ErrTopicAlreadyExists)
}

func producesAndConsumes(compression string, version sarama.KafkaVersion) {
	topic := create(fmt.Sprintf("compression-%s-%s", compression, version), Partitions, nil)
	settings := config(version)
	settings.Producer.Compression = codecs[compression]
	var messages []*sarama.ProducerMessage
	for index := range Records {
		messages = append(messages, message(topic, RecordAt(index)))
	}
	produce(settings, messages)
	var seen []Record
	for _, message := range read(topic, Partitions, Records, version) {
		back := Record{Partition: message.Partition, Offset: message.Offset, Timestamp: message.Timestamp.UnixMilli(), Key: message.Key, Value: message.Value}
		for _, header := range message.Headers {
			back.Headers = append(back.Headers, Header{Key: string(header.Key), Value: string(header.Value)})
		}
		seen = append(seen, back)
	}
	ExpectAll(seen)
}

func message(topic string, sent Record) *sarama.ProducerMessage {
	made := &sarama.ProducerMessage{Topic: topic, Partition: sent.Partition, Timestamp: time.UnixMilli(sent.Timestamp)}
	if sent.Key != nil {
		made.Key = sarama.ByteEncoder(sent.Key)
	}
	if sent.Value != nil {
		made.Value = sarama.ByteEncoder(sent.Value)
	}
	for _, header := range sent.Headers {
		made.Headers = append(made.Headers, sarama.RecordHeader{Key: []byte(header.Key), Value: []byte(header.Value)})
	}
	return made
}

func findsOffsetsByTimestamp() {
	topic := create("timestamps", 1, nil)
	for batch := range 5 {
		messages := plain(topic, 10)
		for index, message := range messages {
			message.Timestamp = time.UnixMilli(StartMs + int64(batch*10+index)*100)
		}
		produce(config(sarama.V3_6_0_0), messages)
	}
	client, err := sarama.NewClient(bootstrap, config(sarama.V3_6_0_0))
	Must(err)
	defer client.Close()
	times := map[int64]int64{StartMs: 0, StartMs + 1950: 20, StartMs + 999_999: -1, sarama.OffsetOldest: 0, sarama.OffsetNewest: 50}
	for at, expected := range times {
		offset, err := client.GetOffset(topic, 0, at)
		Must(err)
		Expect(offset, expected, fmt.Sprintf("the offset at %d", at))
	}
}

func idempotent() {
	topic := create("idempotent", 1, nil)
	settings := config(sarama.V3_6_0_0)
	settings.Producer.Idempotent = true
	settings.Net.MaxOpenRequests = 1
	settings.Producer.Flush.MaxMessages = 20
	produce(settings, plain(topic, 1000))
	for index, message := range read(topic, 1, 1000, sarama.V3_6_0_0) {
		Expect(string(message.Value), fmt.Sprint(index), fmt.Sprintf("the value at %d", index))
	}
}

func configValue(topic, name string) string {
	entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{name}})
	Must(err)
	Expect(len(entries), 1, "the number of configs answered for one name")
	return entries[0].Value
}

func changesConfigs() {
	topic := create("configs", 1, nil)
	set := map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: text("1234567")}}
	Must(admin.IncrementalAlterConfig(sarama.TopicResource, topic, set, false))
	Eventually(func() any { return configValue(topic, "retention.ms") }, "1234567", "the value set")
	Must(admin.AlterConfig(sarama.TopicResource, topic, map[string]*string{"retention.bytes": text("5000000")}, false))
	Eventually(func() any { return configValue(topic, "retention.bytes") }, "5000000", "the value set by the older API")
	Eventually(func() any { return configValue(topic, "retention.ms") }, "604800000", "what the older API leaves out")
}

func partitionCount(topic string) any {
	described, err := admin.DescribeTopics([]string{topic})
	Must(err)
	return len(described[0].Partitions)
}

func addsPartitions() {
	topic := create("partitions", 2, nil)
	Must(admin.CreatePartitions(topic, 5, nil, false))
	Eventually(func() any { return partitionCount(topic) }, 5, "the partitions after the change")
	expectRefusal(admin.CreatePartitions(topic, 3, nil, false), sarama.ErrInvalidPartitions)
	produce(config(sarama.V3_6_0_0), []*sarama.ProducerMessage{{Topic: topic, Partition: 4, Value: sarama.StringEncoder("new")}})
}

func topicWithTen(name string) string {
	topic := create(name, 1, nil)
	produce(config(sarama.V3_6_0_0), plain(topic, 10))
	return topic
}

func deletesRecords() {
	topic := topicWithTen("records-deleted")
	Must(admin.DeleteRecords(topic, map[int32]int64{0: 4}))
	Expect(read(topic, 1, 6, sarama.V3_6_0_0)[0].Offset, int64(4), "the first offset left")
}

func outOfRange() {
	topic := topicWithTen("out-of-range")
	consumer, err := sarama.NewConsumer(bootstrap, config(sarama.V3_6_0_0))
	Must(err)
	defer consumer.Close()
	_, err = consumer.ConsumePartition(topic, 0, 99)
	expectRefusal(err, sarama.ErrOffsetOutOfRange)
}

func tooLarge() {
	topic := create("too-large", 1, map[string]*string{"max.message.bytes": text("2000")})
	producer, err := sarama.NewSyncProducer(bootstrap, config(sarama.V3_6_0_0))
	Must(err)
	defer producer.Close()
	_, _, err = producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(make([]byte, 5000))})
	expectRefusal(err, sarama.ErrMessageSizeTooLarge)
	_, offset, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder("small")})
	Must(err)
	Expect(offset, int64(0), "the offset of the record after the refused one")
}

func deletesTopic() {
	topic := topicWithTen("deleted")
	Must(admin.DeleteTopic(topic))
	exists := func() any {
		topics, err := admin.ListTopics()
		Must(err)
		_, found := topics[topic]
		return found
	}
	Eventually(exists, false, "the topic being listed")
	expectRefusal(admin.DeleteTopic(topic), sarama.ErrUnknownTopicOrPartition)
	topicWithTen("deleted")
	Expect(len(read(topic, 1, 10, sarama.V3_6_0_0)), 10, "the records of a topic created anew under the same name")
}
