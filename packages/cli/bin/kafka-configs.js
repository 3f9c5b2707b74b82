#!/usr/bin/env node
// `kafka-configs` and `kafka-configs.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-configs");
