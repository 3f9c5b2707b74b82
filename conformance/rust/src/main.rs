//! rskafka (no librdkafka in it) against one broker. It has no consumer groups, no idempotence and few admin calls.
//! ottla-conformance HOST:PORT PREFIX. Topics begin with PREFIX. One line per check: "ok NAME" or "failed NAME: reason".

use chrono::{DateTime, Utc};
use rskafka::client::controller::ControllerClient;
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::{Record, RecordAndOffset};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

const PARTITIONS: usize = 3;
const RECORDS: usize = 600;
const START_MS: i64 = 1_750_000_000_000;
const CHECK_LIMIT: Duration = Duration::from_secs(20);

type Outcome = Result<(), Box<dyn std::error::Error>>;

struct Suite {
    client: Client,
    controller: ControllerClient,
    prefix: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().collect();
    let client = ClientBuilder::new(vec![words[1].clone()]).build().await.expect("a connection to the broker");
    let controller = client.controller_client().expect("a client of the controller");
    let suite = Suite { client, controller, prefix: words[2].clone() };
    check("creates and lists a topic", suite.creates_topic()).await;
    let compressions = [
        ("none", Compression::NoCompression),
        ("gzip", Compression::Gzip),
        ("snappy", Compression::Snappy),
        ("lz4", Compression::Lz4),
        ("zstd", Compression::Zstd),
    ];
    for (name, compression) in compressions {
        check(&format!("produces and consumes {name}"), suite.produces_and_consumes(name, compression)).await;
    }
    check("finds offsets by timestamp", suite.finds_offsets_by_timestamp()).await;
    check("deletes records before an offset", suite.deletes_records()).await;
    check("is told when an offset is out of range", suite.out_of_range()).await;
    check("deletes a topic", suite.deletes_topic()).await;
}

async fn check(name: &str, action: impl Future<Output = Outcome>) {
    match tokio::time::timeout(CHECK_LIMIT, action).await {
        Ok(Ok(())) => println!("ok {name}"),
        Ok(Err(error)) => println!("failed {name}: {}", error.to_string().replace('\n', " ")),
        Err(_) => println!("failed {name}: no end after {} s", CHECK_LIMIT.as_secs()),
    }
}

fn expect<T: PartialEq + Debug>(actual: T, expected: T, what: &str) -> Outcome {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what} is {actual:?}, expected {expected:?}").into())
}

fn record_at(index: usize) -> Record {
    let mut headers = BTreeMap::from([("index".to_owned(), index.to_string().into_bytes())]);
    if index % 3 == 0 {
        headers.insert("third".to_owned(), Vec::new());
    }
    Record {
        key: (index % 7 != 6).then(|| format!("key-{index}").into_bytes()),
        value: (index % 11 != 10).then(|| format!("value {index}{}é", " ".repeat(index % 50)).into_bytes()),
        headers,
        timestamp: at(START_MS + index as i64 * 1000),
    }
}

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).expect("a time in range")
}

fn stamped(milliseconds: i64) -> Record {
    Record { key: None, value: Some(b"at".to_vec()), headers: BTreeMap::new(), timestamp: at(milliseconds) }
}

impl Suite {
    async fn create(&self, name: &str, partitions: usize) -> Result<String, Box<dyn std::error::Error>> {
        let topic = format!("{}{name}", self.prefix);
        self.controller.create_topic(&topic, partitions as i32, 1, 10_000).await?;
        Ok(topic)
    }

    async fn partition(&self, topic: &str, partition: usize) -> Result<PartitionClient, Box<dyn std::error::Error>> {
        Ok(self.client.partition_client(topic, partition as i32, UnknownTopicHandling::Retry).await?)
    }

    async fn lists(&self, topic: &str) -> Result<Option<usize>, Box<dyn std::error::Error>> {
        let topics = self.client.list_topics().await?;
        Ok(topics.into_iter().find(|found| found.name == topic).map(|found| found.partitions.len()))
    }

    /// Apache Kafka answers a change before every reader sees it; a reader may be a moment behind.
    async fn eventually_lists(&self, topic: &str, expected: Option<usize>) -> Outcome {
        while self.lists(topic).await? != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn creates_topic(&self) -> Outcome {
        let topic = self.create("created", 4).await?;
        self.eventually_lists(&topic, Some(4)).await?;
        expect(self.create("created", 1).await.is_err(), true, "the second creation being refused")
    }

    async fn produces_and_consumes(&self, name: &str, compression: Compression) -> Outcome {
        let topic = self.create(&format!("compression-{name}"), PARTITIONS).await?;
        for partition in 0..PARTITIONS {
            let client = self.partition(&topic, partition).await?;
            let sent: Vec<Record> = (partition..RECORDS).step_by(PARTITIONS).map(record_at).collect();
            for part in sent.chunks(50) {
                client.produce(part.to_vec(), compression).await?;
            }
            let seen = read_all(&client, sent.len()).await?;
            for (offset, (back, record)) in seen.into_iter().zip(sent).enumerate() {
                expect(back.offset, offset as i64, "the offset")?;
                expect(back.record, record, &format!("the record at {offset}"))?;
            }
        }
        Ok(())
    }

    async fn finds_offsets_by_timestamp(&self) -> Outcome {
        let topic = self.create("timestamps", 1).await?;
        let client = self.partition(&topic, 0).await?;
        for batch in 0..5 {
            let records = (batch * 10..batch * 10 + 10).map(|index| stamped(START_MS + index * 100)).collect();
            client.produce(records, Compression::NoCompression).await?;
        }
        expect(client.get_offset(OffsetAt::Timestamp(at(START_MS + 1950))).await?, 20, "the offset between two timestamps")?;
        expect(client.get_offset(OffsetAt::Earliest).await?, 0, "the earliest offset")?;
        expect(client.get_offset(OffsetAt::Latest).await?, 50, "the latest offset")
    }

    async fn with_ten(&self, name: &str) -> Result<PartitionClient, Box<dyn std::error::Error>> {
        let topic = self.create(name, 1).await?;
        let client = self.partition(&topic, 0).await?;
        client.produce((0..10).map(|index| stamped(START_MS + index)).collect(), Compression::NoCompression).await?;
        Ok(client)
    }

    async fn deletes_records(&self) -> Outcome {
        let client = self.with_ten("records-deleted").await?;
        client.delete_records(4, 10_000).await?;
        expect(client.get_offset(OffsetAt::Earliest).await?, 4, "the earliest offset left")
    }

    async fn out_of_range(&self) -> Outcome {
        let client = self.with_ten("out-of-range").await?;
        let answer = client.fetch_records(99, 1..10_000, 100).await;
        let told = matches!(&answer, Err(error) if error.to_string().contains("OffsetOutOfRange"));
        expect(told, true, &format!("{answer:?} being about the offset"))
    }

    async fn deletes_topic(&self) -> Outcome {
        let topic = self.with_ten("deleted").await?.topic().to_owned();
        self.controller.delete_topic(&topic, 10_000).await?;
        self.eventually_lists(&topic, None).await?;
        self.with_ten("deleted").await.map(|_| ())
    }
}

async fn read_all(client: &PartitionClient, count: usize) -> Result<Vec<RecordAndOffset>, Box<dyn std::error::Error>> {
    let mut seen: Vec<RecordAndOffset> = Vec::new();
    while seen.len() < count {
        let (records, _) = client.fetch_records(seen.len() as i64, 1..100_000, 500).await?;
        seen.extend(records);
    }
    Ok(seen)
}
