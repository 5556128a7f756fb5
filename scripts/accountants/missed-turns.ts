/** Which blocks are worth a report, and reporting them. The court alone judges: this only spares reports for nothing. */
import { faultsOf, passedOver } from "../../light/index.js";
import { validatorsFor } from "../../sdk/actions/accountants.js";
import { isTurnJudged, missedTurnReport, readHeader, reportMissedTurn } from "../../sdk/actions/turns.js";
import type { AnyChain } from "../../sdk/connect.js";
import { CandidateFlag, hasFlag } from "../../sdk/election/words.js";
import { ask } from "../../sdk/transact.js";

/** Who the coinbases of a block and its parent show to have been passed over. */
export interface PassedTurns {
  readonly block: bigint;
  /** Node addresses, in the order of their turns. */
  readonly nodes: readonly string[];
  /** Candidates of those that have a seat to lose: neither left nor jailed meanwhile. */
  readonly accusable: readonly bigint[];
}

/** Who was passed over before a block; undefined: nobody, or more than can be to blame. */
export async function passedTurns(chain: AnyChain, block: bigint): Promise<PassedTurns | undefined> {
  const [set, parent, current] = await Promise.all([
    validatorsFor(chain, block),
    readHeader(chain.provider, block - 1n),
    readHeader(chain.provider, block),
  ]);
  const { first, count } = passedOver(set, parent.coinbase, current.coinbase);
  if (count === 0 || count > faultsOf(set.length)) return undefined;
  const nodes = Array.from({ length: count }, (_, turn) => set[(first + turn) % set.length] ?? "");
  return { block, nodes, accusable: await accusableOf(chain, nodes) };
}

/** What came of a report. */
export type ReportOutcome = "reported" | "judged before";

/** Reports a block; that another watcher was quicker is no error. */
export async function reportBlock(chain: AnyChain, block: bigint): Promise<ReportOutcome> {
  if (await isTurnJudged(chain, block)) return "judged before";
  try {
    await reportMissedTurn(chain, await missedTurnReport(chain, block));
    return "reported";
  } catch (error) {
    if (await isTurnJudged(chain, block)) return "judged before";
    throw error;
  }
}

async function accusableOf(chain: AnyChain, nodes: readonly string[]): Promise<bigint[]> {
  const { accountantElection } = chain.contracts;
  const accusable: bigint[] = [];
  for (const node of nodes) {
    const candidate = await ask(() => accountantElection.candidateOfNode(node));
    if (candidate === 0n) continue;
    const word = await ask(() => accountantElection.wordOf(candidate));
    if (hasFlag(word, CandidateFlag.Seated) && !hasFlag(word, CandidateFlag.Jailed)) accusable.push(candidate);
  }
  return accusable;
}
