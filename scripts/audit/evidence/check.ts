/** Checking an evidence file with nothing but it and what the verifier trusts: hashes of blocks, or a set of accountants. */
import { quorumOf, readHeader, requireQuorum, type AccountantSet, type BlockHeader } from "../../../light/index.js";
import type { Deployment } from "../../../sdk/deployments/index.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { InputError } from "../../inputs/error.js";
import { digestOf, parseEvidence, type Evidence, type EvidenceIdentity } from "./file.js";
import { meaningOf, outcomesIn } from "./meaning.js";
import { attempt, demand, provenTransactions, type ProvenTransaction } from "./proven.js";
import { EvidenceRefused } from "./refused.js";
import { checkReading } from "./readings.js";

/** What the verifier knows without the file. */
export interface Trust {
  /** Hashes of blocks. */
  readonly headers: readonly string[];
  /** Who may seal, ascending. */
  readonly validators?: AccountantSet;
  /** Of the network that the evidence should be of. */
  readonly deployment?: Deployment;
}

/** What a file proves, and on what trust. */
export interface Verdict {
  readonly evidence: Evidence;
  /** What is proven, in words. */
  readonly meaning: readonly string[];
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
  const transactions = provenTransactions(evidence.blocks, evidence.identity);
  for (const reading of evidence.readings) checkReading(reading, transactions, evidence.identity);
  requireSubject(evidence, transactions);
  const meaning = meaningOf(evidence, transactions);
  evidence.meaning.forEach((line, index) =>
    demand(`meaning, line ${index + 1}`, line === meaning[index], "the proven events say another"),
  );
  demand("meaning", meaning.length === evidence.meaning.length, `the proven events make ${meaning.length} lines`);
  const anchors = evidence.blocks.map(({ header, number }) =>
    anchorOf(
      attempt(`block ${number}, header`, () => readHeader(header)),
      trust,
    ),
  );
  demand("digest", digest === digestOf(body), "the file is not as it was written");
  const isAnchored = trust.headers.length > 0 || trust.validators !== undefined;
  return { evidence, meaning, trust: [...anchors, ...identityLines(evidence, trust)], isAnchored };
}

/** Why the block is taken for the chain's; refused where the verifier gave something that does not cover it. */
function anchorOf(header: BlockHeader, { headers, validators }: Trust): string {
  const block = `Block ${header.number} with the hash ${header.hash}`;
  if (headers.includes(header.hash)) return `${block}: you gave this hash.`;
  if (validators !== undefined) return `${block}: ${sealText(header, validators)}.`;
  const isGiven = headers.length > 0;
  demand(`block ${header.number}, trust`, !isGiven, `its hash ${header.hash} is not one that you gave`);
  const seals = header.sealed === undefined ? "it carries no seals" : `its seals need --validators`;
  return `${block}: NOBODY VOUCHES FOR IT (${seals}). Compare the hash with a node that you trust, or give it with --header.`;
}

function sealText({ sealed, number }: BlockHeader, validators: AccountantSet): string {
  const part = `block ${number}, seals`;
  if (sealed === undefined) {
    throw new EvidenceRefused(part, "its header has none, as on a simulated chain: give its hash with --header");
  }
  try {
    requireQuorum(sealed, validators);
  } catch (cause) {
    const problem = isCommonwattError(cause) ? cause.message : "they cannot be read";
    throw new EvidenceRefused(part, problem.replace(/\.$/, ""), { cause });
  }
  return `${sealed.seals.length} of the ${validators.length} accountants given sealed it, ${quorumOf(validators.length)} must`;
}

function identityLines({ identity }: Evidence, { deployment }: Trust): string[] {
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
