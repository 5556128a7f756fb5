/**
 * Showing that a record of the vault is what the transaction chain was settled on. The home shows slots with their
 * Merkle proofs and its meter's holder vouches for the vault; the grantee checks the commitment on the user chain and
 * the values on the transaction chain. What isn't shown stays hidden; that the two accounts are one home's, the
 * grantee learns, and nobody else.
 */
import { verifyTypedData } from "ethers";

import { settledOutcomes, type SettledOutcome } from "../actions/outcomes.js";
import { billSums } from "../bill-sums.js";
import type { TransactionChain } from "../connect.js";
import { CommonwattError } from "../errors.js";
import { domainOf, fieldsOf, type TypedMessage } from "../signing/typed-data.js";
import type { RecordContracts, RecordView } from "./chain.js";
import { billIn, readingIn, type IntervalReading, type MonthBill } from "./home-records.js";
import { verifyOnChain, type ShownSlot } from "./shown.js";
import type { VaultSigner } from "./wallet.js";

/** By which the holder of a meter says whose vault it keeps its records in, to one reader. */
export interface HolderWord {
  /** The vault's owner on the user chain. */
  readonly owner: string;
  /** To whom it is said: the grantee's account of the user chain. Others' checks refuse it; that it was signed, it proves to all. */
  readonly reader: string;
  readonly meter: bigint;
  /** First second after it, Unix. */
  readonly until: bigint;
}

export interface SignedHolderWord extends HolderWord {
  /** By the account that held the meter on the transaction chain. */
  readonly signature: string;
}

/** What a reader checks against. */
export interface BothChains {
  readonly user: RecordView;
  readonly transaction: TransactionChain;
  /** The reader's own account of the user chain. */
  readonly reader: string;
  /** Unix seconds. */
  readonly now: bigint;
}

const WORD = fieldsOf("address owner,address reader,uint32 meter,uint256 transactionChain,uint64 until");

/** What the holder signs. */
export function holderMessage(
  { chainId, personalRecords }: RecordContracts,
  transactionChainId: bigint,
  { owner, reader, meter, until }: HolderWord,
): TypedMessage {
  return {
    domain: domainOf("Commonwatt Vault holder", { chainId, verifyingContract: personalRecords }),
    types: { HolderWord: WORD },
    value: { owner, reader, meter, transactionChain: transactionChainId, until },
  };
}

/** The holder's word, signed by its account of the transaction chain; off the chain, for the reader alone. */
export async function signHolderWord(
  contracts: RecordContracts,
  transactionChainId: bigint,
  holder: VaultSigner,
  word: HolderWord,
): Promise<SignedHolderWord> {
  const { domain, types, value } = holderMessage(contracts, transactionChainId, word);
  return { ...word, signature: await holder.signTypedData(domain, types, value) };
}

/** What a home hands to a reader. */
export interface ShownOfMeter {
  readonly slot: ShownSlot;
  readonly holder: SignedHolderWord;
}

/**
 * An interval's reading that was shown, once the chain bears it out and it is what the interval was settled on.
 * VaultProofFalse, VaultHolderUnproven, VaultUnsettled, VaultSettlementDiffers otherwise.
 */
export async function checkShownReading(
  chains: BothChains,
  { slot: shown, holder }: ShownOfMeter,
): Promise<IntervalReading> {
  await verifyOnChain(chains.user, shown);
  const reading = readingIn(shown);
  const { meter, slot } = reading;
  const [settled] = await settledOf(chains, { shown, holder }, { meter, first: slot, last: slot });
  if (settled === undefined) throw new CommonwattError("VaultUnsettled", { slot });
  const { importWh, exportWh, status } = settled.outcome;
  requireEqual(slot, { importWh, exportWh, status }, { ...reading, status: BigInt(reading.status) });
  return reading;
}

/**
 * A month's bill that was shown, once the chain bears it out and it is the sum of all that the meter settled, finally, in
 * its slots. The same errors. Which slots those are, the reader looks at itself: the label is the home's word.
 */
export async function checkShownBill(chains: BothChains, { slot: shown, holder }: ShownOfMeter): Promise<MonthBill> {
  await verifyOnChain(chains.user, shown);
  const bill = billIn(shown);
  const { meter, firstSlot: first, lastSlot: last } = bill;
  if (first > last) throw new CommonwattError("VaultUnsettled", { slot: first });
  const settled = await settledOf(chains, { shown, holder }, { meter, first, last });
  const final = new Set(settled.filter(({ isFinal }) => isFinal).map(({ slot }) => slot));
  for (let slot = first; slot <= last; slot += 1n) {
    if (!final.has(slot)) throw new CommonwattError("VaultUnsettled", { slot });
  }
  requireEqual(first, billSums(settled.map(({ outcome }) => outcome)), bill);
  return bill;
}

/** The meter's outcomes, once each account that held it there vouches for the vault. */
async function settledOf(
  { user, transaction, reader, now }: BothChains,
  { shown, holder }: { readonly shown: ShownSlot; readonly holder: SignedHolderWord },
  { meter, first, last }: { readonly meter: bigint; readonly first: bigint; readonly last: bigint },
): Promise<SettledOutcome[]> {
  const { domain, types, value } = holderMessage(user.contracts, BigInt(transaction.deployment.chainId), holder);
  const signer = signerOf(domain, types, value, holder.signature);
  const settled = (await settledOutcomes(transaction, { first, last })).filter((one) => one.outcome.meter === meter);
  const isHeld = settled.every(({ outcome }) => outcome.account === signer);
  const isMeant = holder.owner === shown.owner && holder.meter === meter && holder.reader === reader;
  if (!isHeld || !isMeant || holder.until <= now) {
    throw new CommonwattError("VaultHolderUnproven", { meter });
  }
  return settled;
}

function signerOf(...[domain, types, value, signature]: Parameters<typeof verifyTypedData>): string | undefined {
  try {
    return verifyTypedData(domain, types, value, signature);
  } catch {
    return undefined; // malformed
  }
}

function requireEqual<Field extends string>(
  slot: bigint,
  settled: Readonly<Record<Field, bigint>>,
  shown: Readonly<Record<NoInfer<Field>, bigint>>,
): void {
  for (const field of Object.keys(settled) as Field[]) {
    // the values stay unsaid: an error may end in a log
    if (settled[field] !== shown[field]) throw new CommonwattError("VaultSettlementDiffers", { slot, field });
  }
}
