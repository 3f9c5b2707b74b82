#!/usr/bin/env node
// `kafka-producer-perf-test` and `kafka-producer-perf-test.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-producer-perf-test");
