/** Which blocks members say that they keep in full (BackupRegister). The same functions on both chains. */
import { AbiCoder, keccak256, ZeroHash } from "ethers";

import type { AnyChain } from "../connect.js";
import { CommonwattError } from "../errors.js";
import { readEvents } from "../events.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** BackupRegister.MOST_RANGES. */
export const MOST_BACKUP_RANGES = 64;

/** Blocks with the root of the Merkle tree over their hashes (`blockAccumulator`). */
export interface BackupRange {
  readonly from: bigint;
  readonly to: bigint;
  readonly root: string;
}

/** What a member said, in its order; a withdrawal has no root and ends what was said of its blocks before. */
export interface MemberBackups {
  readonly member: string;
  /** Only what active members say counts. */
  readonly isActive: boolean;
  readonly said: readonly (Omit<BackupRange, "root"> & { readonly root: string | undefined })[];
}

/** Says that the sender, an active member, keeps these blocks; 1 to 64 ranges, at most 8,192 blocks each. */
export function publishBackups(
  chain: AnyChain,
  { ranges }: { readonly ranges: readonly BackupRange[] },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.backupRegister.publish([...ranges], overrides));
}

/** Says that the sender does not keep these blocks, whatever it said before. */
export function withdrawBackup(
  chain: AnyChain,
  { from, to }: Omit<BackupRange, "root">,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.backupRegister.withdraw(from, to, overrides));
}

/**
 * All that members said up to a block, from events, each member's held to the head that the chain keeps.
 * BackupHistoryMismatch for an endpoint that leaves out, adds or alters; a member of whom it leaves out all is missed.
 */
export async function backupsOf(chain: AnyChain, block?: number): Promise<MemberBackups[]> {
  const toBlock = block ?? (await ask(() => chain.provider.getBlockNumber()));
  const said = new Map<string, MemberBackups["said"][number][]>();
  const range = { fromBlock: chain.deployment.deploymentBlock, toBlock, contracts: ["BackupRegister"] as const };
  for await (const events of readEvents(chain, range)) {
    for (const { args } of events) {
      const { member, from, to, root } = args as unknown as BackupRange & { readonly member: string };
      const ranges = said.get(member) ?? [];
      if (ranges.push({ from, to, root }) === 1) said.set(member, ranges);
    }
  }
  const members = [...said].map(async ([member, ranges]): Promise<MemberBackups> => {
    const at = { blockTag: toBlock };
    const { head } = await ask(() => chain.contracts.backupRegister.lastBackupOf(member, at));
    if (head !== headOf(ranges)) throw new CommonwattError("BackupHistoryMismatch", { member });
    return { member, isActive: await ask(() => chain.contracts.federation.isActive(member, at)), said: ranges };
  });
  return Promise.all(members);
}

/** What BackupRegister chains over all that a member said. */
export function headOf(said: MemberBackups["said"]): string {
  return said.reduce((head, { from, to, root }) => {
    const words = [head, from, to, root ?? ZeroHash];
    return keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "uint48", "uint48", "bytes32"], words));
  }, ZeroHash);
}
