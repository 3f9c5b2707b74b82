#!/usr/bin/env node
// `kafka-console-producer` and `kafka-console-producer.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-console-producer");
