#!/usr/bin/env node
// `kafka-verifiable-consumer` and `kafka-verifiable-consumer.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-verifiable-consumer");
