#!/usr/bin/env node
// `kafka-acls` and `kafka-acls.sh`, as Apache Kafka calls them: see launch.js.
import { launch } from "./launch.js";
await launch("kafka-acls");
