#!/usr/bin/env node
// `kafka-topics` and `kafka-topics.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-topics");
