// The franz-go client against one broker.
// franz HOST:PORT PREFIX. Topics begin with PREFIX. The lines printed are described in package checks.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	. "ottla/conformance/checks"
)

var (
	bootstrap, prefix string
	admin             *kadm.Client
	ctx               context.Context
)

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func main() {
	bootstrap, prefix = os.Args[1], os.Args[2]
	limited, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	ctx = limited
	admin = kadm.NewClient(client())
	Check("describes the cluster", describesCluster)
	Check("creates a topic with configs and describes it", createsTopic)
	for _, compression := range Compressions {
		Check("produces and consumes "+compression, func() { producesAndConsumes(compression) })
	}
	Check("finds offsets by timestamp", findsOffsetsByTimestamp)
	Check("keeps order and count with an idempotent producer", idempotent)
	Check("changes configs one by one", changesConfigs)
	Check("adds partitions and never removes any", addsPartitions)
	Check("deletes records before an offset", deletesRecords)
	Check("is told when an offset is out of range", outOfRange)
	Check("is refused a record above max.message.bytes", tooLarge)
	Check("asks for the end of a leader epoch", leaderEpoch)
	Check("describes log folders and producers", describesLogFolders)
	Check("deletes a topic", deletesTopic)
	Check("shares partitions in a group and goes on where it committed", sharesPartitions)
	Check("commits records and offsets together, or neither", transacts)
}

func client(options ...kgo.Opt) *kgo.Client {
	made, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.FetchMaxWait(100 * time.Millisecond)}, options...)...)
	Must(err)
	return made
}

func create(name string, partitions int32, configs map[string]*string) string {
	_, err := admin.CreateTopic(ctx, partitions, 1, configs, prefix+name)
	Must(err)
	return prefix + name
}

func text(value string) *string { return &value }

func expectRefusal(err error, expected error) {
	if !errors.Is(err, expected) {
		panic(fmt.Sprintf("the answer is %v, expected %v", err, expected))
	}
}

func produce(records []*kgo.Record, options ...kgo.Opt) {
	producer := client(append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	defer producer.Close()
	Must(producer.ProduceSync(ctx, records...).FirstErr())
}

func plain(topic string, count int) []*kgo.Record {
	var records []*kgo.Record
	for index := range count {
		records = append(records, &kgo.Record{Topic: topic, Value: fmt.Append(nil, index)})
	}
	return records
}

func read(topic string, partitions int32, wanted int) []*kgo.Record {
	starts := map[int32]kgo.Offset{}
	for partition := range partitions {
		starts[partition] = kgo.NewOffset().AtStart()
	}
	consumer := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: starts}))
	defer consumer.Close()
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var seen []*kgo.Record
	for len(seen) < wanted {
		fetches := consumer.PollFetches(limited)
		Must(fetches.Err())
		seen = append(seen, fetches.Records()...)
	}
	return seen
}

func describesCluster() {
	metadata, err := admin.BrokerMetadata(ctx)
	Must(err)
	Expect(len(metadata.Brokers), 1, "the number of brokers")
	Expect(fmt.Sprintf("%s:%d", metadata.Brokers[0].Host, metadata.Brokers[0].Port), bootstrap, "the advertised address")
	Expect(len(metadata.Cluster), 22, "the cluster id's length")
	Expect(metadata.Controller, metadata.Brokers[0].NodeID, "the controller")
}

func createsTopic() {
	topic := create("created", 4, map[string]*string{"retention.ms": text("7200000")})
	described, err := admin.ListTopics(ctx, topic)
	Must(err)
	Expect(len(described[topic].Partitions), 4, "the partitions described")
	Expect(config(topic, "retention.ms"), "7200000", "the config described")
	_, err = admin.CreateTopic(ctx, 1, 1, nil, topic)
	expectRefusal(err, kerr.TopicAlreadyExists)
}

func producesAndConsumes(compression string) {
	topic := create("compression-"+compression, Partitions, nil)
	var records []*kgo.Record
	for index := range Records {
		sent := RecordAt(index)
		record := &kgo.Record{Topic: topic, Partition: sent.Partition, Key: sent.Key, Value: sent.Value, Timestamp: time.UnixMilli(sent.Timestamp)}
		for _, header := range sent.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: header.Key, Value: []byte(header.Value)})
		}
		records = append(records, record)
	}
	produce(records, kgo.ProducerBatchCompression(codecs[compression]))
	var seen []Record
	for _, record := range read(topic, Partitions, Records) {
		back := Record{Partition: record.Partition, Offset: record.Offset, Timestamp: record.Timestamp.UnixMilli(), Key: record.Key, Value: record.Value}
		for _, header := range record.Headers {
			back.Headers = append(back.Headers, Header{Key: header.Key, Value: string(header.Value)})
		}
		seen = append(seen, back)
	}
	ExpectAll(seen)
}

func findsOffsetsByTimestamp() {
	topic := create("timestamps", 1, nil)
	for batch := range 5 {
		var records []*kgo.Record
		for index := batch * 10; index < batch*10+10; index++ {
			records = append(records, &kgo.Record{Topic: topic, Value: []byte("at"), Timestamp: time.UnixMilli(StartMs + int64(index)*100)})
		}
		produce(records)
	}
	for after, expected := range map[int64]int64{0: 0, 1950: 20, 4900: 49} {
		found, err := admin.ListOffsetsAfterMilli(ctx, StartMs+after, topic)
		Must(err)
		Expect(found[topic][0].Offset, expected, fmt.Sprintf("the offset at %d ms", after))
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	Must(err)
	Expect(ends[topic][0].Offset, int64(50), "the end")
	highest, err := admin.ListMaxTimestampOffsets(ctx, topic)
	Must(err)
	Expect(highest[topic][0].Offset, int64(49), "the record of the highest timestamp")
}

func idempotent() {
	topic := create("idempotent", 1, nil)
	produce(plain(topic, 3000), kgo.ProducerBatchMaxBytes(600), kgo.ProducerLinger(0))
	for index, record := range read(topic, 1, 3000) {
		Expect(string(record.Value), fmt.Sprint(index), fmt.Sprintf("the value at %d", index))
		Expect(record.Offset, int64(index), "the offset")
	}
}

func config(topic, name string) string {
	described, err := admin.DescribeTopicConfigs(ctx, topic)
	Must(err)
	for _, entry := range described[0].Configs {
		if entry.Key == name {
			return entry.MaybeValue()
		}
	}
	return "absent"
}

func alter(topic string, change kadm.AlterConfig) error {
	answers, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{change}, topic)
	Must(err)
	return answers[0].Err
}

func changesConfigs() {
	topic := create("configs", 1, nil)
	Must(alter(topic, kadm.AlterConfig{Op: kadm.SetConfig, Name: "retention.ms", Value: text("1234567")}))
	Eventually(func() any { return config(topic, "retention.ms") }, "1234567", "the value set")
	Must(alter(topic, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: "retention.ms"}))
	Eventually(func() any { return config(topic, "retention.ms") }, "604800000", "the value after its deletion")
	expectRefusal(alter(topic, kadm.AlterConfig{Op: kadm.SetConfig, Name: "retention.ms", Value: text("soon")}), kerr.InvalidConfig)
}

func addsPartitions() {
	topic := create("partitions", 2, nil)
	answers, err := admin.UpdatePartitions(ctx, 5, topic)
	Must(err)
	Must(answers[topic].Err)
	count := func() any {
		described, err := admin.ListTopics(ctx, topic)
		Must(err)
		return len(described[topic].Partitions)
	}
	Eventually(count, 5, "the partitions after the change")
	answers, err = admin.UpdatePartitions(ctx, 3, topic)
	Must(err)
	expectRefusal(answers[topic].Err, kerr.InvalidPartitions)
	produce([]*kgo.Record{{Topic: topic, Partition: 4, Value: []byte("new")}})
}

func topicWithTen(name string) string {
	topic := create(name, 1, nil)
	produce(plain(topic, 10))
	return topic
}

func deleteBefore(topic string, offset int64) kadm.DeleteRecordsResponse {
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, offset, -1)
	answers, err := admin.DeleteRecords(ctx, offsets)
	Must(err)
	return answers[topic][0]
}

func deletesRecords() {
	topic := topicWithTen("records-deleted")
	answer := deleteBefore(topic, 4)
	Must(answer.Err)
	Expect(answer.LowWatermark, int64(4), "the low watermark")
	Expect(read(topic, 1, 6)[0].Offset, int64(4), "the first offset left")
	expectRefusal(deleteBefore(topic, 11).Err, kerr.OffsetOutOfRange)
}

func outOfRange() {
	topic := topicWithTen("out-of-range")
	places := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(99)}}
	consumer := client(kgo.ConsumePartitions(places), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	defer consumer.Close()
	expectRefusal(consumer.PollFetches(ctx).Err(), kerr.OffsetOutOfRange)
}

func tooLarge() {
	topic := create("too-large", 1, map[string]*string{"max.message.bytes": text("2000")})
	producer := client(kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer producer.Close()
	expectRefusal(producer.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: make([]byte, 5000)}).FirstErr(), kerr.MessageTooLarge)
	produce([]*kgo.Record{{Topic: topic, Value: []byte("small")}})
}

func leaderEpoch() {
	topic := topicWithTen("leader-epoch")
	request := kadm.OffsetForLeaderEpochRequest{}
	request.Add(topic, 0, 0)
	answers, err := admin.OffsetForLeaderEpoch(ctx, request)
	Must(err)
	Must(answers[topic][0].Err)
	Expect(answers[topic][0].EndOffset, int64(10), "the end of leader epoch 0")
}

func describesLogFolders() {
	topic := prefix + "idempotent"
	folders, err := admin.DescribeAllLogDirs(ctx, nil)
	Must(err)
	var size int64
	folders.Each(func(folder kadm.DescribedLogDir) { size += folder.Topics[topic][0].Size })
	Expect(size > 3000, true, "the size of a partition being more than its values")
	set := kadm.TopicsSet{}
	set.Add(topic, 0)
	described, err := admin.DescribeProducers(ctx, set)
	Must(err)
	Expect(len(described[topic].Partitions[0].ActiveProducers), 1, "the number of active producers")
}

func deletesTopic() {
	topic := topicWithTen("deleted")
	_, err := admin.DeleteTopic(ctx, topic)
	Must(err)
	exists := func() any {
		described, err := admin.ListTopics(ctx)
		Must(err)
		return described.Has(topic)
	}
	Eventually(exists, false, "the topic being listed")
	_, err = admin.DeleteTopic(ctx, topic)
	expectRefusal(err, kerr.UnknownTopicOrPartition)
	topicWithTen("deleted")
	Expect(len(read(topic, 1, 10)), 10, "the records of a topic created anew under the same name")
}
