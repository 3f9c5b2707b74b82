// `npm run pack [-- FOLDER]`: the tarballs that users install: @ottla/client, @ottla/testkit and ottla, as JavaScript with types, by `npm pack`.
// In the repository packages run from their sources and find each other as workspaces; nothing of that works in an empty
// folder. So each tarball holds the modules that its entry reaches, those of our other packages among them: Node strips their types, the
// compiler writes the declarations.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { products, stage } from "./pack/stage.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Declares, stages and packs; answers with the tarballs' paths in the order of `products`. */
export async function pack(target: string): Promise<string[]> {
  const work = join(root, ".cache/pack");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "tools/pack")], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const tarballs: string[] = [];
  for (const product of products) {
    const folder = join(work, "staged", product.workspace);
    await stage({ root, declared: join(work, "declared"), folder, product });
    const printed = execFileSync("npm", ["pack", "--json", "--pack-destination", target], { cwd: folder });
    const [packed] = JSON.parse(printed.toString()) as { filename: string }[];
    tarballs.push(join(target, packed!.filename));
  }
  return tarballs;
}

if (import.meta.main) {
  for (const tarball of await pack(resolve(process.argv[2] ?? join(root, ".cache/tarballs")))) console.log(tarball);
}
