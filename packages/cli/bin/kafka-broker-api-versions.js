#!/usr/bin/env node
// `kafka-broker-api-versions` and `kafka-broker-api-versions.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-broker-api-versions");
