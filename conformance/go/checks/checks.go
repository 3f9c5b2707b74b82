// Package checks is what the Go suites share: the check runner, the records that every suite sends, and the comparison of what comes back.
// A suite prints one line per check: "ok NAME" or "failed NAME: reason". Only the process that reads them counts.
package checks

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

const (
	Partitions = 3
	Records    = 600
	StartMs    = int64(1_750_000_000_000)
)

var Compressions = []string{"none", "gzip", "snappy", "lz4", "zstd"}

type Header struct {
	Key   string
	Value string
}

// Record is one record as sent or as read back; Key and Value are nil for Kafka's null.
type Record struct {
	Partition int32
	Offset    int64
	Timestamp int64
	Key       []byte
	Value     []byte
	Headers   []Header
}

// Check runs one check and prints its line; a check fails by panicking.
func Check(name string, action func()) {
	defer func() {
		if reason := recover(); reason != nil {
			fmt.Printf("failed %s: %s\n", name, strings.ReplaceAll(fmt.Sprint(reason), "\n", " "))
		}
	}()
	action()
	fmt.Printf("ok %s\n", name)
}

func Must(err error) {
	if err != nil {
		panic(err)
	}
}

func Expect(actual, expected any, what string) {
	if !reflect.DeepEqual(actual, expected) {
		panic(fmt.Sprintf("%s is %v, expected %v", what, actual, expected))
	}
}

// Eventually waits a moment: Apache Kafka answers a change before every reader sees it.
func Eventually(read func() any, expected any, what string) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if reflect.DeepEqual(read(), expected) {
			return
		}
	}
	Expect(read(), expected, what)
}

// RecordAt is what a suite sends as record number index, with the offset it should get.
func RecordAt(index int) Record {
	record := Record{
		Partition: int32(index % Partitions),
		Offset:    int64(index / Partitions),
		Timestamp: StartMs + int64(index)*1000,
		Headers:   []Header{{"index", fmt.Sprint(index)}},
	}
	if index%7 != 6 {
		record.Key = fmt.Appendf(nil, "key-%d", index)
	}
	if index%11 != 10 {
		record.Value = fmt.Appendf(nil, "value %d%sé", index, strings.Repeat(" ", index%50))
	}
	if index%3 == 0 {
		record.Headers = append(record.Headers, Header{"index", "again"})
	}
	return record
}

// ExpectAll compares what was read, in the order of each partition, with what RecordAt says was sent.
func ExpectAll(seen []Record) {
	Expect(len(seen), Records, "the number of records")
	var next [Partitions]int
	for _, record := range seen {
		expected := RecordAt(next[record.Partition]*Partitions + int(record.Partition))
		Expect(record, expected, fmt.Sprintf("record %d of partition %d", record.Offset, record.Partition))
		next[record.Partition]++
	}
}
