/** Checking an evidence file with nothing but it and what the verifier trusts: hashes of blocks, or a set of accountants. */
import { readHeader, type BlockHeader } from "../../../light/index.js";
import type { Deployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import { anchorOf, isAnything, type Trust } from "./anchor.js";
import { digestOf, parseEvidence, type AnyEvidence, type Evidence, type EvidenceIdentity } from "./file.js";
import { checkForkFile } from "./fork.js";
import { checkLieFile } from "./lie.js";
import { meaningOf, outcomesIn } from "./meaning.js";
import { attempt, demand, provenTransactions, type ProvenTransaction } from "./proven.js";
import { checkReading } from "./readings.js";

export type { Trust } from "./anchor.js";

/** What the check of one kind of evidence finds. */
export interface Checked {
  /** What is proven, in words. */
  readonly meaning: readonly string[];
  /** What that rests on, a line each. */
  readonly anchors: readonly string[];
  /** Of the blocks that it is about. */
  readonly headers: readonly BlockHeader[];
  /** What is not proven. */
  readonly limits: string;
}

/** What a file proves, and on what trust. */
export interface Verdict extends Pick<Checked, "meaning" | "headers" | "limits"> {
  readonly evidence: AnyEvidence;
  /** What it rests on, a line a block, and what nothing vouches for. */
  readonly trust: readonly string[];
  /** False: only if the blocks are the chain's, which nobody vouched for. */
  readonly isAnchored: boolean;
}

/**
 * Checks the text of a file. EvidenceRefused names what is false; InputError says that the file is no evidence, or of
 * another chain than the deployment's.
 */
export function checkEvidence(text: string, source: string, trust: Trust): Verdict {
  const evidence = parseEvidence(text, source);
  const { digest, ...body } = evidence;
  if (trust.deployment !== undefined) requireSameChain(evidence.identity, trust.deployment, source);
  const { anchors, ...checked } = checkedOf(evidence, trust);
  demand("digest", digest === digestOf(body), "the file is not as it was written");
  return {
    ...{ evidence, ...checked },
    trust: [...anchors, ...identityLines(evidence, trust)],
    isAnchored: isAnything(trust),
  };
}

function checkedOf(evidence: AnyEvidence, trust: Trust): Checked {
  if ("fork" in evidence) return sayingSo(evidence, checkForkFile(evidence, trust));
  if ("lie" in evidence) return sayingSo(evidence, checkLieFile(evidence, trust));
  const transactions = provenTransactions(evidence.blocks, evidence.identity);
  for (const reading of evidence.readings) checkReading(reading, transactions, evidence.identity);
  requireSubject(evidence, transactions);
  const meaning = meaningOf(evidence, transactions);
  requireMeaning(evidence, meaning);
  const headers = evidence.blocks.map(({ header, number }) =>
    attempt(`block ${number}, header`, () => readHeader(header)),
  );
  return {
    ...{ meaning, headers, anchors: headers.map((header) => anchorOf(header, trust)) },
    limits:
      "Not proven: that nothing came before or after it that the file leaves out, and what no contract's event says.",
  };
}

function sayingSo(evidence: AnyEvidence, checked: Checked): Checked {
  requireMeaning(evidence, checked.meaning);
  return checked;
}

/** The file says in words what it proves, and nothing else. */
function requireMeaning({ meaning: told }: AnyEvidence, meaning: readonly string[]): void {
  told.forEach((line, index) =>
    demand(`meaning, line ${index + 1}`, line === meaning[index], "what is proven says another"),
  );
  demand("meaning", meaning.length === told.length, `what is proven makes ${meaning.length} lines`);
}

function identityLines({ identity }: AnyEvidence, { deployment }: Trust): string[] {
  const chain = `chain ${identity.chainId} of the network ${identity.network}`;
  if (deployment !== undefined) return [`The contracts are those of your deployment file (${chain}).`];
  return [
    `That these are the contracts of Commonwatt on ${chain} is the file's word: hold it against a deployment file with --network.`,
  ];
}

/** The file is about a chain that the verifier did not mean: no fault of the proof. */
function requireSameChain(identity: EvidenceIdentity, deployment: Deployment, source: string): void {
  const { chainId, genesisHash, contracts } = deployment.chains[identity.chain];
  const differs = (what: string, given: unknown, meant: unknown): never => {
    const problem = `it is of another chain than ${deployment.network}: ${what} ${String(given)}, not ${String(meant)}`;
    throw new InputError({ file: source }, problem, "Name the network that it is of with --network, or leave that out");
  };
  if (identity.chainId !== chainId) differs("chain id", identity.chainId, chainId);
  if (identity.genesisHash !== genesisHash) differs("genesis", identity.genesisHash, genesisHash);
  for (const [name, { address }] of Object.entries(contracts)) {
    const given = identity.contracts[name];
    if (given?.toLowerCase() !== address.toLowerCase()) differs(name, given, address);
  }
  const foreign = Object.keys(identity.contracts).find((name) => !(name in contracts));
  if (foreign !== undefined) differs("contract", foreign, "one of the deployment");
}

/** The proven transactions are about what the file says that it is about. */
function requireSubject({ subject, readings }: Evidence, transactions: readonly ProvenTransaction[]): void {
  if (subject.kind === "transaction") {
    const isThere = transactions.every(({ transaction }) => transaction.hash === subject.transaction);
    demand("subject", isThere, "the proven transaction is another one");
    return;
  }
  const { meter, slot } = subject;
  if (subject.kind === "reading") {
    demand("subject", readings.length > 0, "no reading is proven");
    const isAll = readings.every(({ message }) => message.meter === meter && message.slot === slot);
    demand("subject", isAll, "a proven reading is of another meter or slot");
    return;
  }
  const isSettled = outcomesIn(subject, transactions).length > 0;
  demand("subject", isSettled, `no proven event settles meter ${meter} in slot ${slot}`);
}
