// The shape that all tidy rules share: a pure function from the tree to what is wrong in it.

import type { Tree } from "./tree.ts";

/** One breach. `sentence` goes on after the file's name. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly sentence: string;
}

export type Rule = (tree: Tree) => Finding[];
