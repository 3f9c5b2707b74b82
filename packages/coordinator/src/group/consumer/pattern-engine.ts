// Matches topic names against the patterns of SubscribedTopicRegex in linear time: RE2's language by the library re2js, a port of the RE2J that Kafka uses.
// JavaScript's own RegExp backtracks: one pattern of one client could hold the broker for hours. It is never used here.
// The library is large and most brokers never see a pattern, so it is loaded with the first one. Until then nothing can be matched:
// whoever gets a request with a pattern awaits `loadPatternEngine` first.

import type { RE2JS, RE2JSSyntaxException } from "re2js";

/** What a pattern that cannot be read says about itself. */
export interface PatternError {
  readonly description: string;
}

export interface CompiledPattern {
  /** Whether the whole text matches. */
  matches(text: string): boolean;
}

export interface PatternEngine {
  compile(pattern: string): CompiledPattern | PatternError;
}

let engine: PatternEngine | null = null;
let loading: Promise<PatternEngine> | null = null;

/** The engine, or null while it has not been loaded. */
export function patternEngine(): PatternEngine | null {
  return engine;
}

/** Loads the engine, once for the process. */
export function loadPatternEngine(): Promise<PatternEngine> {
  loading ??= import("re2js").then((library) => {
    engine = new Re2Engine(library.RE2JS, library.RE2JSSyntaxException);
    return engine;
  });
  return loading;
}

const COMPILED_PATTERNS_MAX = 100;
/** No pattern may be larger than this, nor all that are kept together, as `sizeOf` tells it: a few hundred bytes for each. */
const COMPILED_SIZE_MAX = 200_000;
/** The library refuses counts, and counts of counts, above this. */
const REPETITIONS_MAX = 1000;

class Re2Engine implements PatternEngine {
  private readonly library: typeof RE2JS;
  private readonly syntaxError: typeof RE2JSSyntaxException;
  private readonly compiled = new Map<string, CompiledPattern | PatternError>();
  private compiledSize = 0;

  constructor(library: typeof RE2JS, syntaxError: typeof RE2JSSyntaxException) {
    this.library = library;
    this.syntaxError = syntaxError;
  }

  compile(pattern: string): CompiledPattern | PatternError {
    let compiled = this.compiled.get(pattern);
    if (compiled === undefined) {
      const size = sizeOf(pattern);
      if (size > COMPILED_SIZE_MAX) return TOO_LARGE;
      compiled = this.compileNew(pattern);
      if (this.compiled.size >= COMPILED_PATTERNS_MAX || this.compiledSize + size > COMPILED_SIZE_MAX) this.forgetAll();
      this.compiled.set(pattern, compiled);
      this.compiledSize += size;
    }
    return compiled;
  }

  private forgetAll(): void {
    this.compiled.clear();
    this.compiledSize = 0;
  }

  private compileNew(pattern: string): CompiledPattern | PatternError {
    try {
      return this.library.compile(pattern);
    } catch (error) {
      if (error instanceof this.syntaxError) return { description: error.getDescription() };
      throw error;
    }
  }
}

const TOO_LARGE: PatternError = { description: "expression too large" };

/**
 * No less than the steps that a pattern is compiled to. What is counted, as in `a{1000}`, is compiled so many times:
 * seven thousand letters can take 350 MB and seconds, so that the size is judged before.
 */
function sizeOf(pattern: string): number {
  let repetitions = 1;
  for (const [, from, to] of pattern.matchAll(COUNTED)) {
    repetitions = Math.min(REPETITIONS_MAX, repetitions * Math.max(1, Number(from), Number(to ?? 0)));
  }
  return pattern.length * repetitions;
}

const COUNTED = /\{(\d{1,9})(?:,(\d{1,9})?)?\}/g;
