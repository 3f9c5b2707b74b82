#!/usr/bin/env node
// `kafka-leader-election` and `kafka-leader-election.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-leader-election");
