/**
 * Accountants: candidates, their nodes and deposits, the epochs' elections. The same functions on both chains; deposits
 * exist on the transaction chain alone. Amounts in micro-credits.
 */
import type { Signer } from "ethers";

import type { AnyChain, TransactionChain } from "../connect.js";
import { rankCandidates, shortOrder, type Poll } from "../election/order.js";
import { isCommonwattError } from "../errors.js";
import { nodeClaimMessage } from "../signing/election.js";
import { sign } from "../signing/typed-data.js";
import { ask, eventIn, transact, type Receipt, type TransactionOverrides } from "../transact.js";
import { dueEpochOf } from "./accountants.js";
import { approveCredits } from "./credits.js";

// -------------------- candidates

/** A node's address with its key's word for whose it is. */
export interface SignedNodeClaim {
  readonly node: string;
  /** 65 bytes. */
  readonly signature: string;
}

/** Lets a node's key say that it is this member's, on this chain. Costs no transaction. */
export async function signNodeClaim(
  chain: AnyChain,
  node: Signer,
  { member }: { readonly member: string },
): Promise<SignedNodeClaim> {
  const { chainId, contracts } = chain.deployment;
  const address = await node.getAddress();
  const domain = { chainId, verifyingContract: contracts.AccountantElection.address };
  return { node: address, signature: await sign(node, nodeClaimMessage(domain, { member, node: address })) };
}

/** Becomes a candidate; its number. An active accountant that let the election take the minimum deposit. */
export async function registerCandidate(
  chain: AnyChain,
  { node, signature }: SignedNodeClaim,
  overrides: TransactionOverrides = chain.defaults,
): Promise<bigint> {
  const { accountantElection } = chain.contracts;
  const receipt = await transact(chain, () => accountantElection.register(node, signature, overrides));
  const { address } = chain.deployment.contracts.AccountantElection;
  const event = accountantElection.getEvent("CandidateRegistered");
  return eventIn(accountantElection, address, event, receipt).candidate;
}

/** Seals with another key from the next block on; once an epoch. */
export function changeNode(
  chain: AnyChain,
  { node, signature }: SignedNodeClaim,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.changeNode(node, signature, overrides));
}

/** Leaves the seat, if any, and is no candidate until it stands again. */
export function resignCandidacy(chain: AnyChain, overrides: TransactionOverrides = chain.defaults): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.resign(overrides));
}

/** Wants a seat again after resigning. */
export function standAgain(chain: AnyChain, overrides: TransactionOverrides = chain.defaults): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.stand(overrides));
}

/** Lets the election take credits of the sender: before `registerCandidate` the minimum deposit, or what is added to it. */
export function allowDeposit(
  chain: TransactionChain,
  { amountMicro }: { readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const spender = chain.deployment.contracts.AccountantElection.address;
  return approveCredits(chain, { spender, amountMicro }, overrides);
}

/** Adds credits, which the election was allowed to take, to the sender's deposit. */
export function addCandidateDeposit(
  chain: TransactionChain,
  { amountMicro }: { readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.addDeposit(amountMicro, overrides));
}

/** Takes the sender's deposit out, when it is free. */
export function withdrawCandidateDeposit(
  chain: TransactionChain,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.withdrawDeposit(overrides));
}

// -------------------- seats

/** Holds the election of the present epoch with an order computed before (see electionOrder). Anyone. */
export function elect(
  chain: AnyChain,
  { order }: { readonly order: readonly bigint[] },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.elect([...order], overrides));
}

/** What the election refuses an order for that was right when weights were read. */
const ORDER_ERRORS = ["ElectionOrderNotSorted", "ElectionOrderIncomplete", "ElectionOrderTooShort"];
const ATTEMPTS = 3;

/** An election that was held. */
export interface HeldElection {
  readonly epoch: bigint;
  /** Of the sender's transaction; undefined: another held the same election first. */
  readonly receipt: Receipt | undefined;
}

/**
 * Computes the order and holds the election; again when an epoch ended in between. That another was quicker is told and
 * no failure; an election that was held before is refused (ElectionEpochOpen). Anyone.
 */
export async function holdElection(
  chain: AnyChain,
  overrides: TransactionOverrides = chain.defaults,
): Promise<HeldElection> {
  const due = await dueEpochOf(chain);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const receipt = await elect(chain, { order: await electionOrder(chain) }, overrides);
      return { epoch: electedIn(chain, receipt).epoch, receipt };
    } catch (error) {
      const held = await ask(() => chain.contracts.accountantElection.lastElection());
      if (due !== undefined && held >= due) return { epoch: held, receipt: undefined };
      if (attempt === ATTEMPTS || !isOrderError(error)) throw error;
    }
  }
}

/** Holds the present epoch's election; undefined when it was held before. Anyone. */
export async function holdDueElection(
  chain: AnyChain,
  overrides: TransactionOverrides = chain.defaults,
): Promise<HeldElection | undefined> {
  return (await dueEpochOf(chain)) === undefined ? undefined : holdElection(chain, overrides);
}

/** What came of an election. Weights in the unit of ballots. */
export interface ElectionResult {
  readonly epoch: bigint;
  readonly turnout: bigint;
  /** What the turnout is measured by; 0 before anybody voted. */
  readonly circulating: bigint;
  /** Seats taken and given. */
  readonly removed: bigint;
  readonly added: bigint;
}

/** What came of the election that a receipt is of. */
export function electedIn(chain: AnyChain, receipt: Receipt): ElectionResult {
  const { accountantElection } = chain.contracts;
  const { address } = chain.deployment.contracts.AccountantElection;
  const event = accountantElection.getEvent("Elected");
  const { epoch, turnout, circulating, removed, added } = eventIn(accountantElection, address, event, receipt);
  return { epoch, turnout, circulating, removed, added };
}

/**
 * The order that the election takes at this moment. Whether founders still count depends on the turnout that the
 * election itself finds, and how long the order must be on who may sit, so the choices are tried on the node; the
 * refusal of the last one is thrown.
 */
export async function electionOrder(chain: AnyChain): Promise<bigint[]> {
  const { accountantElection } = chain.contracts;
  const [polls, seats] = await Promise.all([pollsOf(chain), ask(() => accountantElection.seats())]);
  const orders = polls.flatMap((poll) => {
    const ranking = rankCandidates(poll);
    const short = shortOrder(ranking, poll, seats);
    return short.length === ranking.length ? [ranking] : [short, ranking];
  });
  for (const [index, order] of orders.entries()) {
    try {
      await ask(() => accountantElection.elect.staticCall(order));
      return order;
    } catch (error) {
      if (index === orders.length - 1 || !isOrderError(error)) throw error;
    }
  }
  return []; // there is always a poll
}

/** Gives a seat, whose holder may not have it, to the next; lets a kept seat, whose holder may, earn again. Anyone. */
export function vacateSeat(
  chain: AnyChain,
  { candidate }: { readonly candidate: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.vacate(candidate, overrides));
}

/** Says how many accountants are wanted, 4 to 101. The council. */
export function setSeats(
  chain: AnyChain,
  { seats }: { readonly seats: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.setSeats(seats, overrides));
}

export interface SlashParameters {
  readonly candidate: bigint;
  readonly amountMicro: bigint;
}

/** Takes a part of a frozen deposit for the accountants' pool. The council. */
export function slashDeposit(
  chain: TransactionChain,
  { candidate, amountMicro }: SlashParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.slash(candidate, amountMicro, overrides));
}

/** Frees a frozen deposit. The council. */
export function unfreezeDeposit(
  chain: AnyChain,
  { candidate }: { readonly candidate: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountantElection.unfreeze(candidate, overrides));
}

/** With the founders' weight and without: the election that finds enough turnout ends it for itself already. */
async function pollsOf(chain: AnyChain): Promise<Poll[]> {
  const { accountantElection } = chain.contracts;
  const [words, epoch, founderWeight] = await Promise.all([
    ask(() => accountantElection.candidateWords()),
    ask(() => accountantElection.epoch()),
    founderWeightOf(chain),
  ]);
  const lapsed = { words, epoch, founderWeight: 0n };
  return founderWeight === 0n ? [lapsed] : [{ ...lapsed, founderWeight }, lapsed];
}

/** What each founder weighs besides its ballots; candidate 1 is one. */
async function founderWeightOf(chain: AnyChain): Promise<bigint> {
  const { accountantElection } = chain.contracts;
  const { member } = await ask(() => accountantElection.candidateInfo(1n));
  return ask(() => accountantElection.founderWeightOf(member));
}

function isOrderError(error: unknown): boolean {
  return ORDER_ERRORS.some((code) => isCommonwattError(error, code));
}
