/** Forks as evidence files, in the form that `npm run audit -- check` takes. */
import { parse, format } from "node:path";

import type { ForkEvidence } from "../../light/index.js";
import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { forkText } from "../audit/evidence/fork.js";
import { EvidenceRefused } from "../audit/evidence/refused.js";
import { InputError } from "../inputs/error.js";
import type { OpenLight } from "./open.js";

/** Writes one file for a single fork; for several, files beside it that bear height and place. Returns their names. */
export async function writeForks(
  { store, identity }: Pick<OpenLight, "store" | "identity">,
  forks: readonly ForkEvidence[],
  out: string,
): Promise<string[]> {
  if (forks.length === 0) {
    throw new InputError(
      { file: store.path },
      "it knows of no such fork",
      "Look at what npm run light-node -- forks prints",
    );
  }
  const { dir, name, ext } = parse(out);
  const files: string[] = [];
  for (const [place, fork] of forks.entries()) {
    const file = forks.length === 1 ? out : format({ dir, name: `${name}-${fork.number}-${place + 1}`, ext });
    await writeFileAtOnce(file, textOf(fork, identity), 0o644);
    files.push(file);
  }
  return files;
}

function textOf(fork: ForkEvidence, identity: OpenLight["identity"]): string {
  try {
    return forkText(identity, fork);
  } catch (cause) {
    if (!(cause instanceof EvidenceRefused)) throw cause;
    const advice =
      "Only who knows both chains can judge it: show both headers, as npm run light-node -- forks prints them";
    throw new InputError({ file: `fork at block ${fork.number}` }, cause.message.replace(/\.$/, ""), advice, { cause });
  }
}
