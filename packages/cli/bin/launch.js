// Runs one of Kafka's commands by its name. Plain JavaScript, so that an old Node can say what is wrong instead of failing on syntax.
import module from "node:module";
import { fileURLToPath } from "node:url";

export async function launch(name) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 24) {
    process.stderr.write(`${name}: needs Node 24 or newer, this is ${process.version}\n`);
    process.exit(1);
  }
  // Compiled code is kept between runs, as for the ottla command.
  module.enableCompileCache(
    process.env.NODE_COMPILE_CACHE ?? fileURLToPath(new URL("../../../node_modules/.cache/ottla", import.meta.url)),
  );
  const { main } = await import("../src/kafka/main.ts");
  await main(name);
}
