#!/usr/bin/env node
// `kafka-consumer-groups` and `kafka-consumer-groups.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-consumer-groups");
