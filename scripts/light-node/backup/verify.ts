/** Holds a backup to headers that are known from elsewhere: all its bytes, hashes, links and roots. */
import { InputError } from "../../inputs/error.js";
import { wholeBackup, type NamedArchive } from "./folder.js";
import { damage, readArchive, type ArchivedBlock, type ArchiveFacts, type Depth } from "./read-archive.js";
import type { KnownHash } from "./trust.js";

/** A file of a verified backup. */
export interface VerifiedArchive extends ArchiveFacts {
  readonly name: string;
}

export interface VerifiedBackup {
  readonly chainId: number;
  readonly genesisHash: string;
  readonly from: number;
  readonly to: number;
  readonly transactions: number;
  readonly bytes: number;
  readonly files: readonly VerifiedArchive[];
  /** Blocks' hashes from `from` on. */
  readonly hashes: readonly string[];
}

export interface VerifyOptions {
  readonly folder: string;
  readonly hashOf: KnownHash;
  /** `headers`: transactions, receipts and withdrawals are not looked at. */
  readonly depth?: Depth;
  /** Is given each block before the next is read. */
  readonly onBlock?: (block: ArchivedBlock) => Promise<void>;
}

/**
 * Reads all of a folder's archive files. Throws `InputError` with file and byte of the first damage, for blocks that are
 * missing, and when no known hash vouches for the last block: each block names the one before it, so that a known hash
 * vouches for all before.
 */
export async function verifyBackup({ folder, hashOf, depth = "all", onBlock }: VerifyOptions): Promise<VerifiedBackup> {
  const files: VerifiedArchive[] = [];
  const hashes: string[] = [];
  let [transactions, provenTo] = [0, -1];
  for (const archive of await wholeBackup(folder)) {
    const facts = await readArchive(archive, depth, async (whole) => {
      requireLink(archive, whole, hashes);
      const { number, hash } = whole.block;
      const known = hashOf(number);
      if (known !== undefined && known !== hash) {
        throw damage(archive, whole.offset, `block ${number} is ${hash}, and the known one is ${known}`);
      }
      if (known !== undefined) provenTo = number;
      hashes.push(hash);
      transactions += whole.receipts.length;
      await onBlock?.(whole);
    });
    requireSameChain(archive, facts, files.at(-1));
    files.push({ ...facts, name: archive.name });
  }
  const [first, last] = [files[0], files.at(-1)] as [VerifiedArchive, VerifiedArchive];
  if (provenTo < last.to) throw unproven(folder, first.from, last.to, provenTo);
  const { chainId, genesisHash } = first;
  if (first.from === 0 && hashes[0] !== genesisHash) {
    throw new InputError(
      { file: folder },
      `block 0 is ${hashes[0] ?? "missing"}, not ${genesisHash}`,
      "Don't use these files",
    );
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { chainId, genesisHash, from: first.from, to: last.to, transactions, bytes, files, hashes };
}

function requireLink(archive: NamedArchive, { block, offset }: ArchivedBlock, hashes: readonly string[]): void {
  const before = hashes.at(-1);
  if (before === undefined || before === block.parentHash) return;
  throw damage(archive, offset, `block ${block.number} does not follow the last one of the file before`);
}

function requireSameChain(archive: NamedArchive, facts: ArchiveFacts, before: ArchiveFacts | undefined): void {
  if (before === undefined || before.genesisHash === facts.genesisHash) return;
  throw damage(archive, 0, `it is of a chain that began with ${facts.genesisHash}, not ${before.genesisHash}`);
}

function unproven(folder: string, from: number, to: number, provenTo: number): InputError {
  const first = Math.max(from, provenTo + 1);
  const what = `nothing that is known vouches for blocks ${first} to ${to}, though the files are whole`;
  return new InputError({ file: folder }, what, `Give the hash of block ${to} (--trusted), or a database that has it`);
}
