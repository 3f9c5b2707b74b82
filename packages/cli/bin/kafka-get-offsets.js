#!/usr/bin/env node
// `kafka-get-offsets` and `kafka-get-offsets.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-get-offsets");
