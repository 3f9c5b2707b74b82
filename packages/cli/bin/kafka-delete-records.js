#!/usr/bin/env node
// `kafka-delete-records` and `kafka-delete-records.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-delete-records");
