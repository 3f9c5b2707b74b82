// Groups and transactions with franz-go.
package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	. "ottla/conformance/checks"
)

const shared = 4

// member is one consumer of a group that polls until it is closed; what it gets goes to `seen`, and is committed.
type member struct {
	client *kgo.Client
	ended  chan struct{}
}

func join(group, topic string, seen chan<- string) member {
	joined := member{
		client: client(kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
			kgo.SessionTimeout(10*time.Second), kgo.HeartbeatInterval(100*time.Millisecond),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())),
		ended: make(chan struct{}),
	}
	go func() {
		defer close(joined.ended)
		for fetches := joined.client.PollFetches(ctx); !fetches.IsClientClosed(); fetches = joined.client.PollFetches(ctx) {
			records := fetches.Records()
			// Told only once it is committed, so that nobody makes the member leave in between.
			if len(records) > 0 {
				Must(joined.client.CommitRecords(ctx, records...))
			}
			for _, record := range records {
				seen <- string(record.Value)
			}
		}
	}()
	return joined
}

func (joined member) leave() {
	joined.client.Close()
	<-joined.ended
}

func sharesPartitions() {
	topic, group := create("shared", shared, nil), prefix+"shared"
	seen := make(chan string, 100)
	one, two := join(group, topic, seen), join(group, topic, seen)
	Eventually(func() any { return shares(group) }, []int{2, 2}, "the partitions of each member")
	produce(numbered(topic, 0, 40))
	values := take(seen, 40)
	two.leave()
	Eventually(func() any { return shares(group) }, []int{shared}, "the partitions of the member left")
	produce(numbered(topic, 40, 40))
	values = append(values, take(seen, 40)...)
	one.leave()
	slices.Sort(values)
	var expected []string
	for _, record := range numbered(topic, 0, 80) {
		expected = append(expected, string(record.Value))
	}
	Expect(values, expected, "what both got")
	Expect(committed(group), []int64{20, 20, 20, 20}, "what is committed")
}

func numbered(topic string, first, count int) []*kgo.Record {
	var records []*kgo.Record
	for index := first; index < first+count; index++ {
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(index % shared), Value: fmt.Appendf(nil, "%02d", index)})
	}
	return records
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

// shares is how many partitions each member has.
func shares(group string) []int {
	described, err := admin.DescribeGroups(ctx, group)
	Must(err)
	var counts []int
	for _, one := range described[group].Members {
		count := 0
		if assigned, ok := one.Assigned.AsConsumer(); ok {
			for _, topic := range assigned.Topics {
				count += len(topic.Partitions)
			}
		}
		counts = append(counts, count)
	}
	return counts
}

// committed is the offsets of the group's only topic, by partition.
func committed(group string) []int64 {
	offsets, err := admin.FetchOffsets(ctx, group)
	Must(err)
	var found []int64
	for _, offset := range offsets.Sorted() {
		found = append(found, offset.At)
	}
	return found
}

func transacts() {
	source, target, group := topicWithTen("source"), create("target", 1, nil), prefix+"transacts"
	session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(bootstrap), kgo.TransactionalID(group), kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(source), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(), kgo.FetchMaxWait(100*time.Millisecond))
	Must(err)
	for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		fetches := session.PollFetches(ctx)
		Must(fetches.Err())
		Expect(fetches.NumRecords(), 10, "the records of one transaction")
		Must(session.Begin())
		for _, record := range fetches.Records() {
			session.Produce(ctx, &kgo.Record{Topic: target, Value: record.Value}, nil)
		}
		done, err := session.End(ctx, end)
		Must(err)
		Expect(done, end == kgo.TryCommit, "whether the transaction is committed")
	}
	session.Close()
	Expect(committed(group), []int64{10}, "the offset committed")
	Expect(visible(target), 10, "the records of the committed transaction alone")
}

// visible is how many records a reader of committed ones sees.
func visible(topic string) int {
	ends, err := admin.ListCommittedOffsets(ctx, topic)
	Must(err)
	end, _ := ends.Lookup(topic, 0)
	starts := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}
	reader := client(kgo.ConsumePartitions(starts), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	defer reader.Close()
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	count := 0
	for next := int64(0); next < end.Offset; {
		fetches := reader.PollFetches(limited)
		Must(fetches.Err())
		for _, record := range fetches.Records() {
			next = record.Offset + 1
			if !record.Attrs.IsControl() {
				count++
			}
		}
	}
	return count
}
