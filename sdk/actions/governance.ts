/**
 * The members' votes on a governed chain: propose, vote, queue, execute. The same functions on both chains, each with the
 * accounts of that chain. A proposal is made of decisions (decisions.ts) and passes when more than half of all members
 * voted for it.
 */
import { id } from "ethers";

import type { AnyChain } from "../connect.js";
import { CommonwattError } from "../errors.js";
import type { ProposalState, VoteSupport } from "../enums.js";
import { readEvents } from "../events.js";
import { ask, eventIn, transact, type Receipt, type TransactionOverrides } from "../transact.js";
import type { ProposedCall } from "./decisions.js";

/** Calls that are made together or not at all, and why. The same two make the same proposal: say something new. */
export interface Proposal {
  readonly calls: readonly ProposedCall[];
  readonly description: string;
}

/** Proposes; returns the proposal's id. A member, with its vote of the block before. */
export async function propose(
  chain: AnyChain,
  { calls, description }: Proposal,
  overrides: TransactionOverrides = chain.defaults,
): Promise<bigint> {
  const { federationGovernor } = chain.contracts;
  const [targets, values, data] = listsOf(calls);
  const receipt = await transact(chain, () =>
    federationGovernor.propose(targets, values, data, description, overrides),
  );
  const { address } = chain.deployment.contracts.FederationGovernor;
  return eventIn(federationGovernor, address, federationGovernor.getEvent("ProposalCreated"), receipt).proposalId;
}

export interface CastVoteParameters {
  readonly proposalId: bigint;
  readonly support: VoteSupport;
  /** Recorded in the event. */
  readonly reason?: string;
}

/** Votes. Who is a member at the proposal's snapshot, once, suspended or not. */
export function castVote(
  chain: AnyChain,
  { proposalId, support, reason }: CastVoteParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const { federationGovernor } = chain.contracts;
  if (reason === undefined) return transact(chain, () => federationGovernor.castVote(proposalId, support, overrides));
  return transact(chain, () => federationGovernor.castVoteWithReason(proposalId, support, reason, overrides));
}

/** Puts a proposal that succeeded into the timelock, before it expires. Anyone. */
export function queue(
  chain: AnyChain,
  { calls, description }: Proposal,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const [targets, values, data] = listsOf(calls);
  return transact(chain, () =>
    chain.contracts.federationGovernor.queue(targets, values, data, id(description), overrides),
  );
}

/** Makes the calls of a proposal whose time in the timelock is over, before it expires. Anyone. */
export function execute(
  chain: AnyChain,
  { calls, description }: Proposal,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const [targets, values, data] = listsOf(calls);
  return transact(chain, () =>
    chain.contracts.federationGovernor.execute(targets, values, data, id(description), overrides),
  );
}

/** Takes a proposal back before its vote begins. Its proposer. */
export function cancelProposal(
  chain: AnyChain,
  { calls, description }: Proposal,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const [targets, values, data] = listsOf(calls);
  return transact(chain, () =>
    chain.contracts.federationGovernor.cancel(targets, values, data, id(description), overrides),
  );
}

/** Where a proposal is. */
export async function stateOf(chain: AnyChain, proposalId: bigint): Promise<ProposalState> {
  return Number(await ask(() => chain.contracts.federationGovernor.state(proposalId))) as ProposalState;
}

/** A proposal's votes and dates. */
export interface ProposalTally {
  readonly against: bigint;
  readonly for: bigint;
  readonly abstain: bigint;
  /** The block whose members vote; the vote begins with the next. */
  readonly snapshot: bigint;
  /** The last block in which votes count. */
  readonly deadline: bigint;
  /** The last block in which it can be queued, if it succeeds; then it has expired. */
  readonly queueableUntil: bigint;
  /** From when on it can be executed, Unix seconds; 0 before it is queued. */
  readonly executableAt: bigint;
  /** From when on it can be executed no more, Unix seconds; 0 before it is queued. */
  readonly expiresAt: bigint;
}

/** How a proposal stands. */
export async function tallyOf(chain: AnyChain, proposalId: bigint): Promise<ProposalTally> {
  const governor = chain.contracts.federationGovernor;
  const [[against, forIt, abstain], snapshot, deadline, executableAt, queueBlocks, executionSeconds] =
    await Promise.all([
      ask(() => governor.proposalVotes(proposalId)),
      ask(() => governor.proposalSnapshot(proposalId)),
      ask(() => governor.proposalDeadline(proposalId)),
      ask(() => governor.proposalEta(proposalId)),
      ask(() => governor.queueBlocks()),
      ask(() => governor.executionSeconds()),
    ]);
  return {
    against,
    for: forIt,
    abstain,
    snapshot,
    deadline,
    queueableUntil: deadline + queueBlocks,
    executableAt,
    expiresAt: executableAt === 0n ? 0n : executableAt + executionSeconds,
  };
}

/** What a proposal is, from its event: to queue and execute it without having made it. */
export async function proposalOf(chain: AnyChain, proposalId: bigint): Promise<Proposal> {
  const range = {
    fromBlock: chain.deployment.deploymentBlock,
    toBlock: await ask(() => chain.provider.getBlockNumber()),
    contracts: ["FederationGovernor"] as const,
  };
  for await (const events of readEvents(chain, range)) {
    for (const { name, args } of events) {
      if (name !== "ProposalCreated" || args["proposalId"] !== proposalId) continue;
      const data = args["calldatas"] as readonly string[];
      const calls = (args["targets"] as readonly string[]).map((target, place) => ({
        target,
        data: data[place] ?? "0x",
      }));
      return { calls, description: args["description"] as string };
    }
  }
  throw new CommonwattError("ProposalUnknown", { proposalId });
}

/** Who alone administers the chain; undefined before the hand-over. */
export async function governorOf(chain: AnyChain): Promise<string | undefined> {
  const governor = await ask(() => chain.contracts.federationAccessManager.governor());
  return BigInt(governor) === 0n ? undefined : governor;
}

function listsOf(calls: readonly ProposedCall[]): [targets: string[], values: bigint[], data: string[]] {
  return [calls.map(({ target }) => target), calls.map(() => 0n), calls.map(({ data }) => data)];
}
