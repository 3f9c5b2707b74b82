#!/usr/bin/env node
// `kafka-reassign-partitions` and `kafka-reassign-partitions.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-reassign-partitions");
