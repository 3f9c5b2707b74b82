#!/usr/bin/env node
// `kafka-consumer-perf-test` and `kafka-consumer-perf-test.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-consumer-perf-test");
