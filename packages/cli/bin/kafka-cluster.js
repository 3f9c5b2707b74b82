#!/usr/bin/env node
// `kafka-cluster` and `kafka-cluster.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-cluster");
