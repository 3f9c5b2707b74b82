// Groups and transactions with sarama.
package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/IBM/sarama"

	. "ottla/conformance/checks"
)

const shared = 4

// member is one consumer of a group; what it gets goes to `seen`, and is committed.
type member struct {
	group sarama.ConsumerGroup
	seen  chan<- string
	owned chan int
	stop  context.CancelFunc
	ended chan struct{}
}

func (joined *member) Setup(session sarama.ConsumerGroupSession) error {
	count := 0
	for _, partitions := range session.Claims() {
		count += len(partitions)
	}
	joined.owned <- count
	return nil
}

func (joined *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (joined *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		session.MarkMessage(message, "")
		session.Commit()
		joined.seen <- string(message.Value)
	}
	return nil
}

func join(group, topic string, seen chan<- string) *member {
	settings := config(sarama.V3_6_0_0)
	settings.Consumer.Offsets.Initial = sarama.OffsetOldest
	settings.Consumer.Offsets.AutoCommit.Enable = false
	settings.Consumer.Group.Session.Timeout = 1500 * time.Millisecond
	settings.Consumer.Group.Heartbeat.Interval = 100 * time.Millisecond
	made, err := sarama.NewConsumerGroup(bootstrap, group, settings)
	Must(err)
	running, stop := context.WithCancel(context.Background())
	joined := &member{group: made, seen: seen, owned: make(chan int, 100), stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(joined.ended)
		for running.Err() == nil {
			Must(made.Consume(running, []string{topic}, joined))
		}
	}()
	return joined
}

func (joined *member) leave() {
	joined.stop()
	<-joined.ended
	Must(joined.group.Close())
}

// owns waits until the member is given so many partitions.
func (joined *member) owns(wanted int) {
	limit := time.After(20 * time.Second)
	for {
		select {
		case count := <-joined.owned:
			if count == wanted {
				return
			}
		case <-limit:
			panic(fmt.Sprintf("the member never owns %d partitions", wanted))
		}
	}
}

func sharesPartitions() {
	topic, group := create("shared", shared, nil), prefix+"shared"
	seen := make(chan string, 100)
	one, two := join(group, topic, seen), join(group, topic, seen)
	one.owns(2)
	two.owns(2)
	produce(config(sarama.V3_6_0_0), numbered(topic, 0, 40))
	values := take(seen, 40)
	two.leave()
	one.owns(shared)
	produce(config(sarama.V3_6_0_0), numbered(topic, 40, 40))
	values = append(values, take(seen, 40)...)
	one.leave()
	slices.Sort(values)
	var expected []string
	for _, message := range numbered(topic, 0, 80) {
		expected = append(expected, string(message.Value.(sarama.StringEncoder)))
	}
	Expect(values, expected, "what both got")
	Expect(committed(group, topic, shared), []int64{20, 20, 20, 20}, "what is committed")
}

func numbered(topic string, first, count int) []*sarama.ProducerMessage {
	var messages []*sarama.ProducerMessage
	for index := first; index < first+count; index++ {
		value := sarama.StringEncoder(fmt.Sprintf("%02d", index))
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Partition: int32(index % shared), Value: value})
	}
	return messages
}

func take(seen <-chan string, count int) []string {
	var values []string
	limit := time.After(20 * time.Second)
	for len(values) < count {
		select {
		case value := <-seen:
			values = append(values, value)
		case <-limit:
			panic(fmt.Sprintf("only %d of %d records came", len(values), count))
		}
	}
	return values
}

func committed(group, topic string, partitions int32) []int64 {
	var asked []int32
	for partition := range partitions {
		asked = append(asked, partition)
	}
	offsets, err := admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: asked})
	Must(err)
	var found []int64
	for partition := range partitions {
		found = append(found, offsets.GetBlock(topic, partition).Offset)
	}
	return found
}

func transacts() {
	source, target, group := create("source", 1, nil), create("target", 1, nil), prefix+"transacts"
	settings := config(sarama.V3_6_0_0)
	settings.Producer.Idempotent = true
	settings.Producer.Transaction.ID = group
	settings.Net.MaxOpenRequests = 1
	producer, err := sarama.NewSyncProducer(bootstrap, settings)
	Must(err)
	defer producer.Close()
	transaction := func(value string, offset int64, end func() error) {
		Must(producer.BeginTxn())
		Must(producer.SendMessages([]*sarama.ProducerMessage{{Topic: target, Value: sarama.StringEncoder(value)}}))
		next := &sarama.PartitionOffsetMetadata{Partition: 0, Offset: offset}
		Must(producer.AddOffsetsToTxn(map[string][]*sarama.PartitionOffsetMetadata{source: {next}}, group))
		Must(end())
	}
	transaction("aborted", 3, producer.AbortTxn)
	transaction("committed", 5, producer.CommitTxn)
	Expect(committed(group, source, 1), []int64{5}, "the offset committed")
	reading := config(sarama.V3_6_0_0)
	reading.Consumer.IsolationLevel = sarama.ReadCommitted
	consumer, err := sarama.NewConsumer(bootstrap, reading)
	Must(err)
	defer consumer.Close()
	reader, err := consumer.ConsumePartition(target, 0, sarama.OffsetOldest)
	Must(err)
	defer reader.Close()
	select {
	case message := <-reader.Messages():
		Expect(string(message.Value), "committed", "the first record that is seen")
	case <-time.After(20 * time.Second):
		panic("the committed record never came")
	}
}
