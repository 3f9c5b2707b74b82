// Runs one of Kafka's commands by its name. Plain JavaScript, so that an old Node can say what is wrong instead of failing on syntax.
import { realpathSync } from "node:fs";
import module from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

export async function launch(name) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 24) {
    process.stderr.write(`${name}: needs Node 24 or newer, this is ${process.version}\n`);
    process.exit(1);
  }
  // Compiled code is kept between runs, as for the ottla command. Where that is, is seen from the launcher in bin/, of which npm makes
  // links: when packed, this module is in another folder.
  const launcher = pathToFileURL(realpathSync(process.argv[1]));
  module.enableCompileCache(
    process.env.NODE_COMPILE_CACHE ?? fileURLToPath(new URL("../../../node_modules/.cache/ottla", launcher)),
  );
  const { main } = await import("../src/kafka/main.ts");
  await main(name);
}
