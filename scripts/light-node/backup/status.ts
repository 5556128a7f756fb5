/** `backup status` and `backup publish`: what members keep, against blocks that are verified here. */
import { blockAccumulator } from "../../../light/block-accumulator.js";
import { electionOf } from "../../../sdk/actions/accountants.js";
import {
  backupsOf,
  MOST_BACKUP_RANGES,
  publishBackups,
  type BackupRange,
  type MemberBackups,
} from "../../../sdk/actions/backups.js";
import type { AnyChain } from "../../../sdk/connect.js";
import { InputError } from "../../inputs/error.js";
import { countCopies, leastCopies, type Copies, type JudgedBlocks } from "./copies.js";
import type { VerifiedBackup } from "./verify.js";

export interface BackupStatus extends Copies {
  readonly chainId: number;
  readonly from: number;
  readonly to: number;
  /** Copies that each block should have. */
  readonly least: number;
  /** True: `least` follows from the number of accountants. */
  readonly isLeastDefault: boolean;
}

/** Counts the copies of the verified blocks. Without `least`: as many as one of which is an honest accountant's. */
export async function backupStatus(
  chain: AnyChain,
  verified: VerifiedBackup,
  least: number | undefined,
): Promise<BackupStatus> {
  requireOfChain(chain, verified);
  const [backups, { validators }] = await Promise.all([backupsOf(chain), electionOf(chain)]);
  const copies = countCopies(judged(verified), backups);
  const { chainId, from, to } = verified;
  const wanted = least ?? leastCopies(validators.length);
  return { chainId, from, to, least: wanted, isLeastDefault: least === undefined, ...copies };
}

/** Publishes the files' ranges that the member has not published yet; how many, and of how many. */
export async function publishVerified(
  chain: AnyChain,
  member: string,
  verified: VerifiedBackup,
): Promise<readonly BackupRange[]> {
  requireOfChain(chain, verified);
  const own = (await backupsOf(chain)).find((backups) => backups.member === member);
  const ranges = verified.files
    .map(({ from, to, root }): BackupRange => ({ from: BigInt(from), to: BigInt(to), root }))
    .filter((range) => !stands(own, range));
  for (let at = 0; at < ranges.length; at += MOST_BACKUP_RANGES) {
    await publishBackups(chain, { ranges: ranges.slice(at, at + MOST_BACKUP_RANGES) });
  }
  return ranges;
}

/** In words, a line each. */
export function statusText(status: BackupStatus): string[] {
  const { chainId, from, to, ranges, wrong, least, isLeastDefault } = status;
  const why = isLeastDefault ? "one more than may fail of the accountants in force" : "as given";
  return [
    `Chain ${chainId}, blocks ${from} to ${to}: each should have ${least} full copies (${why}).`,
    ...ranges.map(({ from: first, to: last, members }) => {
      const count = `${members.length} ${members.length === 1 ? "copy" : "copies"}`;
      const who = members.length === 0 ? "" : ` (${members.join(", ")})`;
      const mark = members.length < least ? "WARNING: " : "";
      return `${mark}blocks ${first} to ${last}: ${count}${who}`;
    }),
    ...wrong.map(
      ({ member, from: first, to: last, root }) =>
        `WARNING: ${member} published ${root} for blocks ${first} to ${last}, and they come to another root`,
    ),
  ];
}

function judged({ from, to, hashes, files }: VerifiedBackup): JudgedBlocks {
  const roots = new Map(files.map((file) => [`${file.from}-${file.to}`, file.root]));
  return {
    from,
    to,
    rootOf: (first, last) => {
      const key = `${first}-${last}`;
      const root = roots.get(key) ?? blockAccumulator(hashes.slice(first - from, last - from + 1));
      roots.set(key, root);
      return root;
    },
  };
}

function stands(own: MemberBackups | undefined, { from, to, root }: BackupRange): boolean {
  let found = false;
  for (const said of own?.said ?? []) {
    if (said.root === undefined) found &&= said.to < from || said.from > to;
    else if (said.from === from && said.to === to) found = said.root === root;
  }
  return found;
}

function requireOfChain(chain: AnyChain, { chainId, genesisHash }: VerifiedBackup): void {
  const { deployment, network } = chain;
  if (deployment.chainId === chainId && deployment.genesisHash === genesisHash) return;
  const what = `the files are of chain ${chainId}, which began with ${genesisHash}`;
  const advice = `The ${chain.kind} chain of ${network} is ${deployment.chainId}: give --chain or --network of the files`;
  throw new InputError({ file: "--in" }, what, advice);
}
