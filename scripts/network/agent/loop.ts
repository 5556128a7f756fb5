/** Runs an agent until it is stopped: round after round, and after a failure ever more patiently. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Logger } from "pino";

import { isEqual, type PermissionAgent, type Round } from "./agent.js";
import type { Attested, ListAttester } from "./attester.js";

const FIRST_PAUSE_MILLISECONDS = 1_000;
const LONGEST_PAUSE_MILLISECONDS = 30_000;

/** What the agent did since its start, for metrics and the log. */
export interface Vitals {
  round: Round | undefined;
  /** Rounds in a row that failed. */
  failures: number;
  trouble: string | undefined;
  /** Entries added and removed, by list. */
  readonly changes: { accountsAdded: number; accountsRemoved: number; nodesAdded: number; nodesRemoved: number };
  peersAdded: number;
  /** The last block that lists were attested for. */
  attestedBlock: number | undefined;
  attestFailures: number;
}

export function newVitals(): Vitals {
  return {
    round: undefined,
    failures: 0,
    trouble: undefined,
    changes: { accountsAdded: 0, accountsRemoved: 0, nodesAdded: 0, nodesRemoved: 0 },
    peersAdded: 0,
    attestedBlock: undefined,
    attestFailures: 0,
  };
}

export interface LoopParts {
  readonly agent: PermissionAgent;
  readonly attester: ListAttester;
  readonly vitals: Vitals;
  readonly log: Logger;
  /** How often a new block is looked for. */
  readonly pollMilliseconds: number;
  readonly signal: AbortSignal;
}

export async function runAgent(parts: LoopParts): Promise<void> {
  const { pollMilliseconds, signal, vitals } = parts;
  while (!signal.aborted) {
    await oneRound(parts);
    await pause(vitals.failures === 0 ? pollMilliseconds : patienceAfter(vitals.failures), signal);
  }
}

/** A round with its attestation; a failure is told and counted, never thrown. */
export async function oneRound({ agent, attester, vitals, log }: LoopParts): Promise<void> {
  try {
    const round = await agent.round();
    if (vitals.failures > 0) log.info({ failures: vitals.failures }, "the node and its chain answer again");
    vitals.failures = 0;
    vitals.trouble = undefined;
    if (round === undefined) return;
    tell(round, vitals, log);
    vitals.round = round;
    await attest(round, { attester, vitals, log });
  } catch (error) {
    vitals.failures += 1;
    const trouble = error instanceof Error ? error.message : String(error);
    if (trouble !== vitals.trouble) log.warn({ trouble }, "a round failed; it is tried again");
    vitals.trouble = trouble;
    agent.lookAnew();
  }
}

async function attest(round: Round, { attester, vitals, log }: Pick<LoopParts, "attester" | "vitals" | "log">) {
  let attested: Attested;
  try {
    attested = await attester.after(round);
  } catch (error) {
    vitals.attestFailures += 1;
    log.warn({ err: error }, "the lists were not attested; it is tried again");
    return;
  }
  if (attested.kind === "posted") {
    vitals.attestedBlock = attested.atBlock;
    log.info({ block: attested.atBlock }, "the lists in force are attested");
  } else if (attested.kind === "not possible") log.debug({ reason: attested.reason }, "the lists can't be attested");
}

function tell(round: Round, vitals: Vitals, log: Logger): void {
  const { accounts, nodes, peers, isStale, admitted } = round;
  const block = admitted.head.number;
  vitals.changes.accountsAdded += accounts.added.length;
  vitals.changes.accountsRemoved += accounts.removed.length;
  vitals.changes.nodesAdded += nodes.added.length;
  vitals.changes.nodesRemoved += nodes.removed.length;
  vitals.peersAdded += peers.added.length;
  for (const [list, { added, removed }] of Object.entries({ accounts, nodes })) {
    if (added.length + removed.length > 0) log.info({ block, list, added, removed }, "the list changed");
  }
  if (peers.added.length > 0) log.info({ peers: peers.added }, "peers were added");
  const before = vitals.round;
  for (const list of ["accounts", "nodes"] as const) {
    const { refused, isFileBehind } = round[list];
    const isNew = [...refused.keys()].some((entry) => before?.[list].refused.has(entry) !== true);
    if (isNew) log.warn({ list, refused: Object.fromEntries(refused) }, "the node refuses entries");
    if (isFileBehind && before?.[list].isFileBehind !== true) {
      log.warn({ list }, "the node's permission file was edited: changes hold until it restarts, then they come again");
    }
  }
  if (isStale && before?.isStale !== true)
    log.warn({ block }, "the chain's head is old: nothing is taken off the lists");
  if (!isEqual(round) && (before === undefined || isEqual(before))) {
    const differences = { accounts: differenceOf(accounts), nodes: differenceOf(nodes) };
    log.warn({ block, ...differences }, "the lists in force are not what the contracts say");
  }
}

const differenceOf = ({ missing, excess }: Round["nodes"]) => ({ missing, excess });

/** Doubles up to half a minute; jittered, for the agents of a machine that was away come back together. */
export function patienceAfter(failures: number, random: () => number = Math.random): number {
  const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (failures - 1), LONGEST_PAUSE_MILLISECONDS);
  return pause * (0.5 + random() / 2);
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
