#!/usr/bin/env node
// `kafka-features` and `kafka-features.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-features");
