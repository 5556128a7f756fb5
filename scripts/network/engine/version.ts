/** What a Besu calls itself, and whether it is new enough. */
import { InputError } from "../../inputs/error.js";

/** `besu/v26.4.0/linux-x86_64/...`: years and months, and a number. */
const VERSION = /besu\/v?(\d+)\.(\d+)(?:\.(\d+))?(\S*)/;

/** The version within the client's own words; refuses what is no Besu, and what is older than `minimum`. */
export function requireVersion(words: string, minimum: string, place: string): string {
  const match = VERSION.exec(words);
  if (match === null) {
    throw new InputError({ file: place }, "this is no Besu: --version does not say so", "Name Besu's launcher in BESU");
  }
  const [, ...parts] = match;
  const found = parts.slice(0, 3).map((part) => Number(part ?? 0));
  const wanted = minimum.split(".").map(Number);
  if (isOlder(found, wanted)) {
    const problem = `this Besu is ${found.join(".")}, and the network needs ${minimum} or newer`;
    throw new InputError({ file: place }, problem, "Install a newer one, or name it in BESU");
  }
  return match[0].slice("besu/".length).split("/")[0] ?? found.join(".");
}

function isOlder(found: readonly number[], wanted: readonly number[]): boolean {
  for (const [index, part] of wanted.entries()) {
    const own = found[index] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}
