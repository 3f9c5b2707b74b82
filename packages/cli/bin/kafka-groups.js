#!/usr/bin/env node
// `kafka-groups` and `kafka-groups.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-groups");
