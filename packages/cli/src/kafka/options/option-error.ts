// A command line that the parser cannot make sense of: joptsimple's OptionException, with the same words.

export class OptionError extends Error {
  override name = "OptionError";
}
