// Reads one TypeScript file as far as the tidy rules need it: its code with comments, strings and regular expressions
// blanked out, and what it imports. It is a scanner, not a parser: it knows where tokens begin and end, not what they mean.
// Invariant: `code` has the same length and the same line breaks as `text`, so a place in one is a place in the other.

/** One import, export-from or import() of a file. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Vanishes at run time: `import type` and `export type`, and `typeof import()`. */
  readonly typeOnly: boolean;
  readonly kind: "import" | "export" | "dynamic";
}

export interface SourceFile {
  /** Relative to the root of the tree, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

const STATIC_IMPORT =
  /^[ \t]*(import|export)\s+(type\s+)?(?:[\w$]+\s*,\s*)?(?:\{[^}]*\}|\*(?:\s+as\s+[\w$]+)?|[\w$]+)\s*from\s*["']/gm;
const BARE_IMPORT = /^[ \t]*import\s*["']/gm;
const DYNAMIC_IMPORT = /(typeof\s+)?\b(?:import|require(?:\.resolve)?|createRequire\s*\([^()]*\))\s*\(\s*["']/g;

export function scanSource(path: string, text: string): SourceFile {
  const code = blank(text);
  const imports: Import[] = [];
  const add = (match: RegExpExecArray, kind: Import["kind"], typeOnly: boolean): void => {
    const start = match.index + match[0].length;
    const specifier = text.slice(start, text.indexOf(text[start - 1]!, start));
    imports.push({ specifier, line: lineOf(text, match.index), typeOnly, kind });
  };
  for (const match of code.matchAll(STATIC_IMPORT)) {
    add(match, match[1] === "export" ? "export" : "import", match[2] !== undefined);
  }
  for (const match of code.matchAll(BARE_IMPORT)) add(match, "import", false);
  for (const match of code.matchAll(DYNAMIC_IMPORT)) add(match, "dynamic", match[1] !== undefined);
  return { path, text, code, imports };
}

/** The 1-based line of a place in a text. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** The text with the contents of comments, strings, template texts and regular expressions turned into spaces. */
export function blank(text: string): string {
  const scanner = new Scanner(text);
  scanner.code(false);
  return scanner.finish();
}

const WORDS_BEFORE_REGEX =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|instanceof|yield|await|else|do)$/;

class Scanner {
  private readonly text: string;
  private readonly pieces: string[] = [];
  private kept = 0;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Scans code up to the end, or up to the brace that closes a template's `${`. */
  code(inTemplate: boolean): void {
    let depth = 0;
    while (this.at < this.text.length) {
      const char = this.text[this.at]!;
      if (char === '"' || char === "'") this.string(char);
      else if (char === "`") this.template();
      else if (char === "/" && this.slash()) continue;
      else if (char === "}" && inTemplate && depth === 0) return;
      else {
        if (char === "{") depth++;
        if (char === "}") depth--;
        this.at++;
      }
    }
  }

  finish(): string {
    this.pieces.push(this.text.slice(this.kept));
    return this.pieces.join("");
  }

  private string(quote: string): void {
    const start = ++this.at;
    while (this.at < this.text.length && this.text[this.at] !== quote && this.text[this.at] !== "\n") {
      this.at += this.text[this.at] === "\\" ? 2 : 1;
    }
    this.erase(start, this.at);
    this.at++;
  }

  private template(): void {
    let start = ++this.at;
    while (this.at < this.text.length && this.text[this.at] !== "`") {
      if (this.text[this.at] === "\\") this.at += 2;
      else if (this.text.startsWith("${", this.at)) {
        this.erase(start, this.at);
        this.at += 2;
        this.code(true);
        start = ++this.at;
      } else this.at++;
    }
    this.erase(start, this.at);
    this.at++;
  }

  /** True when the slash opened a comment or a regular expression, which is then behind us. */
  private slash(): boolean {
    const start = this.at;
    if (this.text.startsWith("//", start)) return this.skipTo(start, this.text.indexOf("\n", start), 0);
    if (this.text.startsWith("/*", start)) return this.skipTo(start, this.text.indexOf("*/", start + 2), 2);
    if (!this.regexMayStart()) return false;
    let inClass = false;
    let end = start + 1;
    for (; end < this.text.length && this.text[end] !== "\n"; end++) {
      const char = this.text[end];
      if (char === "\\") end++;
      else if (char === "[") inClass = true;
      else if (char === "]") inClass = false;
      else if (char === "/" && !inClass) break;
    }
    return this.skipTo(start + 1, end, 1);
  }

  private regexMayStart(): boolean {
    const before = this.text.slice(Math.max(0, this.at - 60), this.at).trimEnd();
    return before === "" || /[(,=:[!&|?{;+\-*%<>~^]$/.test(before) || WORDS_BEFORE_REGEX.test(before);
  }

  private skipTo(start: number, found: number, past: number): true {
    const end = found === -1 ? this.text.length : found;
    this.erase(start, end);
    this.at = Math.min(this.text.length, end + past);
    return true;
  }

  private erase(start: number, end: number): void {
    this.pieces.push(this.text.slice(this.kept, start), this.text.slice(start, end).replace(/[^\n]/g, " "));
    this.kept = end;
  }
}
