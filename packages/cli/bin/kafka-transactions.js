#!/usr/bin/env node
// `kafka-transactions` and `kafka-transactions.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-transactions");
