#!/usr/bin/env node
// `kafka-log-dirs` and `kafka-log-dirs.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-log-dirs");
