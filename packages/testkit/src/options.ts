// Options are refused when their name is unknown: a misspelt one would otherwise do nothing, and the test would prove nothing.

/** @throws TypeError that names the option and those there are. */
export function refuseUnknown(of: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new TypeError(`${of}: there is no option "${name}", but ${known.join(", ")}`);
  }
}

/** @throws TypeError when the option is given and is no whole number of at least `least`. */
export function refuseUnlessWhole(of: string, name: string, given: number | undefined, least: number): void {
  if (given === undefined || (Number.isSafeInteger(given) && given >= least)) return;
  throw new TypeError(`${of}: ${name} is a whole number of at least ${least}, not ${String(given)}`);
}
