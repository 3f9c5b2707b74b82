#!/usr/bin/env node
// `kafka-dump-log` and `kafka-dump-log.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-dump-log");
