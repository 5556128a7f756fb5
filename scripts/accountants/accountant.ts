/** Subcommands of accountants and of whoever keeps the election going. Each says in a line or two what became of it. */
import { readFile } from "node:fs/promises";

import type { Signer } from "ethers";

import { decodeHeader, headerFromRpc, type QbftHeader } from "../../light/index.js";
import { candidateNumberOf, candidateOf, electionOf } from "../../sdk/actions/accountants.js";
import {
  addCandidateDeposit,
  changeNode,
  holdElection,
  registerCandidate,
  resignCandidacy,
  signNodeClaim,
  standAgain,
  vacateSeat,
  withdrawCandidateDeposit,
} from "../../sdk/actions/election.js";
import {
  announceAbsence,
  askBackIn,
  COURT_REACH,
  doubleSealEvidence,
  judgementIn,
  missedTurnReport,
  reportDoubleSeal,
  reportMissedTurn,
  type Judgement,
} from "../../sdk/actions/turns.js";
import { CommonwattError } from "../../sdk/errors.js";
import { ask, eventIn } from "../../sdk/transact.js";
import { formatCredits } from "../../sdk/units.js";
import { InputError } from "../inputs/error.js";
import { showTime } from "../simulate/format.js";
import { showWeight } from "./format.js";
import { passedTurns, reportBlock } from "./missed-turns.js";
import type { SigningSession } from "../networks/session.js";
import { requireCredits } from "./credits.js";
import { allowDeposit } from "./voter.js";

export async function register(
  { chain, account }: SigningSession,
  node: Signer,
  depositMicro: bigint | undefined,
): Promise<string[]> {
  const claim = await signNodeClaim(chain, node, { member: account });
  if (depositMicro !== undefined) await allowDeposit(chain, depositMicro);
  const candidate = await registerCandidate(chain, claim);
  return [`${account} is candidate ${candidate}; its node is ${claim.node}.`];
}

export async function addDeposit({ chain, account }: SigningSession, amountMicro: bigint): Promise<string[]> {
  await allowDeposit(chain, amountMicro);
  await addCandidateDeposit(requireCredits(chain, "no deposits"), { amountMicro });
  const { depositMicro } = await ownCandidate({ chain, account });
  return [`The deposit is ${formatCredits(depositMicro)} credits.`];
}

export async function withdrawDeposit({ chain, account }: SigningSession): Promise<string[]> {
  const withCredits = requireCredits(chain, "no deposits");
  const { depositMicro } = await ownCandidate({ chain, account });
  await withdrawCandidateDeposit(withCredits);
  return [`${formatCredits(depositMicro)} credits are ${account}'s to spend again.`];
}

export async function replaceNode({ chain, account }: SigningSession, node: Signer): Promise<string[]> {
  const claim = await signNodeClaim(chain, node, { member: account });
  await changeNode(chain, claim);
  return [`${account} seals with ${claim.node} from the next block on.`];
}

export async function resign(session: SigningSession): Promise<string[]> {
  await resignCandidacy(session.chain);
  const { candidate, isSeated } = await ownCandidate(session);
  if (!isSeated) return [`Candidate ${candidate} resigned.`];
  return [
    `Candidate ${candidate} resigned and keeps its seat, earning nothing: the set would fall below 4 accountants,`,
    "or has changed as much in this epoch as it may. It leaves when somebody can follow (vacate, or the next election).",
  ];
}

export async function stand(session: SigningSession): Promise<string[]> {
  await standAgain(session.chain);
  return [`Candidate ${(await ownCandidate(session)).candidate} wants a seat again.`];
}

export async function unjail(session: SigningSession): Promise<string[]> {
  await askBackIn(session.chain);
  return [`Candidate ${(await ownCandidate(session)).candidate} may be elected again.`];
}

export async function absent(session: SigningSession, fromBlock: bigint, toBlock: bigint): Promise<string[]> {
  await announceAbsence(session.chain, { fromBlock, toBlock });
  const { candidate } = await ownCandidate(session);
  return [`Turns that candidate ${candidate} misses in blocks ${fromBlock} to ${toBlock} are excused.`];
}

export async function vacate({ chain }: SigningSession, candidate: bigint): Promise<string[]> {
  await vacateSeat(chain, { candidate });
  const { isSeated, isKept } = await candidateOf(chain, candidate);
  if (!isSeated) return [`Candidate ${candidate} has left its seat.`];
  return [`Candidate ${candidate} has its seat still, ${isKept ? "earning nothing" : "and earns again"}.`];
}

export async function holdEpoch({ chain }: SigningSession): Promise<string[]> {
  const receipt = await holdElection(chain);
  const { accountantElection } = chain.contracts;
  const { address } = chain.deployment.contracts.AccountantElection;
  const event = accountantElection.getEvent("Elected");
  const { epoch, turnout, circulating, removed, added } = eventIn(accountantElection, address, event, receipt);
  const { validators, epochBlocks } = await electionOf(chain);
  return [
    `Epoch ${epoch}: ${removed} left, ${added} entered, ${validators.length} accountants sit.`,
    `Ballots of ${showWeight(chain, turnout)} counted` +
      (circulating === 0n ? "." : `, of ${showWeight(chain, circulating)}.`) +
      ` The next election is due from block ${(epoch + 1n) * epochBlocks} on.`,
  ];
}

/** Reports one block, or, without a number, every block in reach that is worth it. */
export async function reportMiss(session: SigningSession, block: bigint | undefined): Promise<string[]> {
  const { chain } = session;
  if (block === undefined) return reportAll(session);
  const receipt = await reportMissedTurn(chain, await missedTurnReport(chain, block));
  return judgementLines(judgementIn(chain, receipt));
}

/** Two files, each with a header: RLP in hex, or the JSON of a block. */
export async function reportSeals({ chain }: SigningSession, files: readonly [string, string]): Promise<string[]> {
  const [first, second] = await Promise.all([headerFile(files[0]), headerFile(files[1])]);
  const evidence = doubleSealEvidence(first, second);
  await reportDoubleSeal(chain, evidence);
  const candidate = await ask(() => chain.contracts.accountantElection.candidateOfNode(evidence.node));
  const { isJailed, jailedUntil } = await candidateOf(chain, candidate);
  const jail = isJailed ? `in jail until ${showTime(jailedUntil)} at least` : "not in jail: as many are as may be";
  return [`Candidate ${candidate} sealed block ${first.number} twice. Its deposit is frozen; it is ${jail}.`];
}

async function reportAll({ chain }: SigningSession): Promise<string[]> {
  const latest = BigInt(await ask(() => chain.provider.getBlockNumber()));
  const reach = latest + 2n - COURT_REACH;
  const oldest = reach < 1n ? 1n : reach;
  const lines: string[] = [];
  for (let block = oldest; block < latest; block += 1n) {
    const passed = await passedTurns(chain, block);
    if (passed === undefined || passed.accusable.length === 0) continue;
    if ((await reportBlock(chain, block)) === "reported") {
      lines.push(`Block ${block}: reported the turns of candidates ${passed.accusable.join(", ")}.`);
    }
  }
  return lines.length === 0 ? [`No missed turn is left to report in blocks ${oldest} to ${latest - 1n}.`] : lines;
}

/** A judgement for people. */
export function judgementLines({ block, skipped, isBlamed, missed, jailed }: Judgement): string[] {
  if (skipped === 0n) return [`Block ${block}: nobody missed a turn.`];
  if (!isBlamed) return [`Block ${block}: ${skipped} turns passed, and nobody is to blame: the network was slow.`];
  const lines = missed.map(({ candidate, score, excused }) =>
    excused
      ? `Block ${block}: candidate ${candidate} missed its turn, and had announced it.`
      : `Block ${block}: candidate ${candidate} missed its turn; its score is ${score}.`,
  );
  if (lines.length === 0) lines.push(`Block ${block}: who missed a turn has no seat any more, or is in jail.`);
  return [...lines, ...jailed.map((candidate) => `Candidate ${candidate} is in jail.`)];
}

async function headerFile(file: string): Promise<QbftHeader> {
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw new InputError({ file }, "this can't be read", "Check the path and the rights on it", { cause });
  }
  try {
    return text.startsWith("{")
      ? headerFromRpc(JSON.parse(text) as Readonly<Record<string, unknown>>)
      : decodeHeader(text.startsWith("0x") ? text : `0x${text}`);
  } catch (cause) {
    const advice = "Give what debug_getRawHeader returns, or the JSON of eth_getBlockByNumber, of a QBFT chain";
    throw new InputError({ file }, "this is no header of a QBFT block", advice, { cause });
  }
}

async function ownCandidate({
  chain,
  account,
}: Pick<SigningSession, "chain" | "account">): ReturnType<typeof candidateOf> {
  const candidate = await candidateNumberOf(chain, account);
  if (candidate === undefined) throw new CommonwattError("ElectionNotCandidate", { account });
  return candidateOf(chain, candidate);
}
