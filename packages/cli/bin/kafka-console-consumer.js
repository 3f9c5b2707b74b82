#!/usr/bin/env node
// `kafka-console-consumer` and `kafka-console-consumer.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-console-consumer");
