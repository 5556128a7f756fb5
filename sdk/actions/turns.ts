/**
 * Missed turns, double seals, jail: evidence is made of headers, which prove themselves. The same functions on both
 * chains. A chain that isn't run by Besu's QBFT has no turns, and says so.
 */
import type { Provider } from "ethers";

import {
  blockHash,
  doubleSealer,
  encodeBareHeader,
  encodeHeader,
  headerFromRpc,
  signersOf,
  withSealOf,
  type QbftHeader,
} from "../../light/index.js";
import type { AnyChain } from "../connect.js";
import { CommonwattError, isCommonwattError } from "../errors.js";
import { ask, eventIn, eventsIn, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** How many blocks back the court can look (BLOCKHASH). */
export const COURT_REACH = 256n;

// -------------------- missed turns

/** Two headers, RLP with round 0 and no seals, as the court takes them. */
export interface MissedTurnReport {
  readonly parentHeader: string;
  readonly header: string;
}

/** Announces that turns from one block to another may be missed. A candidate. */
export function announceAbsence(
  chain: AnyChain,
  { fromBlock, toBlock }: { readonly fromBlock: bigint; readonly toBlock: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.turnCourt.announceAbsence(fromBlock, toBlock, overrides));
}

/** Lets the court judge who missed a turn before a block was made. Anyone, once a height. */
export function reportMissedTurn(
  chain: AnyChain,
  { parentHeader, header }: MissedTurnReport,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.turnCourt.reportMissed(parentHeader, header, overrides));
}

/** The report on a block, from the headers that the chain's endpoint has; refused early where the court would refuse. */
export async function missedTurnReport(chain: AnyChain, blockNumber: bigint): Promise<MissedTurnReport> {
  const latest = BigInt(await ask(() => chain.provider.getBlockNumber()));
  // judged in the next block at the earliest
  if (blockNumber < 1n || blockNumber > latest || latest + 1n - blockNumber > COURT_REACH) {
    throw new CommonwattError("TurnCourtBlockOutOfReach", { blockNumber });
  }
  if (await isTurnJudged(chain, blockNumber)) throw new CommonwattError("TurnCourtHeightJudged", { blockNumber });
  const [parent, current] = await Promise.all([
    readHeader(chain.provider, blockNumber - 1n),
    readHeader(chain.provider, blockNumber),
  ]);
  return reportOn(parent, current);
}

/** The report on a block whose header and parent are at hand. */
export function reportOn(parent: QbftHeader, current: QbftHeader): MissedTurnReport {
  if (blockHash(parent) !== current.parentHash) {
    throw new CommonwattError("TurnCourtForeignHeader", { blockNumber: current.number - 1n });
  }
  return { parentHeader: encodeBareHeader(parent), header: encodeBareHeader(current) };
}

/** A block's header, encoded anew and held against the hash that the endpoint gives. */
export async function readHeader(provider: Provider, blockNumber: bigint): Promise<QbftHeader> {
  const block = await readRawBlock(provider, blockNumber);
  let header: QbftHeader;
  try {
    header = headerFromRpc(block);
  } catch (cause) {
    if (!isCommonwattError(cause)) throw cause;
    throw new CommonwattError("HeaderNotQbft", { blockNumber, reason: cause.code }, { cause });
  }
  // genesis is hashed as it stands
  const hash = blockNumber === 0n ? block["hash"] : blockHash(header);
  if (hash !== block["hash"]) throw new CommonwattError("TurnCourtForeignHeader", { blockNumber });
  return header;
}

/** A block as JSON-RPC gives it, with the fields that ethers drops; its transactions whole, or their hashes. */
export async function readRawBlock(
  provider: Provider,
  blockNumber: bigint,
  { areTransactionsWhole = false } = {},
): Promise<Readonly<Record<string, unknown>>> {
  const parameters = [`0x${blockNumber.toString(16)}`, areTransactionsWhole];
  const block = await sendRpc(provider, "eth_getBlockByNumber", parameters);
  if (block === null) throw new CommonwattError("BlockUnknown", { blockNumber });
  return block as Readonly<Record<string, unknown>>;
}

/** Asks the endpoint behind a provider in its own words. */
export function sendRpc(provider: Provider, method: string, parameters: unknown[]): Promise<unknown> {
  if (!("send" in provider)) throw new CommonwattError("ProviderWithoutRpc", { method });
  const { send } = provider as { send: (method: string, parameters: unknown[]) => Promise<unknown> };
  return ask(() => send.call(provider, method, parameters));
}

/** What the court made of a report. */
export interface Judgement {
  readonly block: bigint;
  /** Turns that passed before the block was made. */
  readonly skipped: bigint;
  /** Whether they were anybody's fault; else the network was slow, or starting. */
  readonly isBlamed: boolean;
  /** Who has missed a turn and still has a seat to lose; the score is what it has now. */
  readonly missed: readonly { readonly candidate: bigint; readonly score: bigint; readonly excused: boolean }[];
  /** Who is in jail for it. */
  readonly jailed: readonly bigint[];
}

/** What the court made of the report that a receipt is of. */
export function judgementIn(chain: AnyChain, receipt: Receipt): Judgement {
  const { turnCourt } = chain.contracts;
  const { address } = chain.deployment.contracts.TurnCourt;
  const judged = eventIn(turnCourt, address, turnCourt.getEvent("TurnsJudged"), receipt);
  const missed = eventsIn(turnCourt, address, turnCourt.getEvent("TurnMissed"), receipt);
  const jailed = eventsIn(turnCourt, address, turnCourt.getEvent("Jailed"), receipt);
  return {
    block: judged.blockNumber,
    skipped: judged.skipped,
    isBlamed: judged.blamed,
    missed: missed.map(({ candidate, score, excused }) => ({ candidate, score, excused })),
    jailed: jailed.map(({ candidate }) => candidate),
  };
}

/** Whether a height was judged. */
export function isTurnJudged(chain: AnyChain, blockNumber: bigint): Promise<boolean> {
  return ask(() => chain.contracts.turnCourt.isJudged(blockNumber));
}

// -------------------- double seals

/** Two headers, RLP with their round and the accused's seal alone. */
export interface DoubleSealEvidence {
  readonly first: string;
  readonly second: string;
  /** Whose key sealed both. */
  readonly node: string;
}

/** The evidence that two headers of one parent, number and round make against somebody who sealed both. */
export function doubleSealEvidence(first: QbftHeader, second: QbftHeader): DoubleSealEvidence {
  const others = new Set(signersOf(second));
  const node = signersOf(first).find((signer) => others.has(signer));
  if (node === undefined) {
    const [one = "nobody", another = "nobody"] = [signersOf(first)[0], signersOf(second)[0]];
    throw new CommonwattError("QbftSealsDifferentSigners", { first: one, second: another });
  }
  const accused = [withSealOf(first, node), withSealOf(second, node)] as const;
  doubleSealer(...accused); // refuses what proves nothing
  return { first: encodeHeader(accused[0]), second: encodeHeader(accused[1]), node };
}

/** Proves a double seal: jails the accountant and freezes its deposit until the members' vote. Anyone. */
export function reportDoubleSeal(
  chain: AnyChain,
  { first, second }: Pick<DoubleSealEvidence, "first" | "second">,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.turnCourt.reportDoubleSeal(first, second, overrides));
}

// -------------------- jail

/** Asks to be a candidate again after jail. */
export function askBackIn(chain: AnyChain, overrides: TransactionOverrides = chain.defaults): Promise<Receipt> {
  return transact(chain, () => chain.contracts.turnCourt.unjail(overrides));
}
