#!/usr/bin/env node
// `kafka-verifiable-producer` and `kafka-verifiable-producer.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-verifiable-producer");
