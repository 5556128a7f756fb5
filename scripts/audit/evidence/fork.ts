/** Evidence of a fork: two blocks of one height, each sealed by a quorum of the accountants in force. */
import { getAddress, getBytes } from "ethers";

import {
  faultsOf,
  packedSetLayout,
  provenWords,
  quorumOf,
  readHeader,
  recoverInJavaScript,
  requireAscending,
  requireSealed,
  SealedHeader,
  sameSet,
  sealersOfBoth,
  setBefore,
  type AccountProof,
  type ForkEvidence,
} from "../../../light/index.js";
import { formatTime } from "../../../sdk/time/slots.js";
import { isAnything, type Trust } from "./anchor.js";
import {
  EVIDENCE_FORMAT,
  EVIDENCE_VERSION,
  formatEvidence,
  type EvidenceIdentity,
  type ForkFile,
  type ForkSide,
} from "./file.js";
import { attempt, attemptInWords, demand } from "./proven.js";
import type { Checked } from "./check.js";

const RULES = { recover: recoverInJavaScript };
const NAMES = ["first header", "second header"] as const;

interface ReadSide {
  /** In problems. */
  readonly name: string;
  readonly header: SealedHeader;
  readonly validators: readonly string[];
  /** A state of its chain shows the chain's id. */
  readonly isOfChain: boolean;
  /** The parent's state shows the set. */
  readonly isSetProven: boolean;
}

/** The file of a fork as the light node keeps it. */
export function forkText(identity: EvidenceIdentity, fork: ForkEvidence): string {
  const { hashes, headers, validators, proof, set } = fork;
  const common = { validators: [...validators] };
  const sides: ForkFile["fork"]["sides"] = [
    {
      ...{ hash: hashes[0], header: headers[0], ...common },
      ...(set === undefined ? {} : { set: { parent: set.parent, proof: nodesOf(set.proof) } }),
    },
    { hash: hashes[1], header: headers[1], ...common, ...(proof === undefined ? {} : { chain: nodesOf(proof) }) },
  ];
  return sidesText(identity, fork.number, sides);
}

/** The file of two blocks. EvidenceRefused where they are no fork. */
export function sidesText(identity: EvidenceIdentity, number: number, sides: ForkFile["fork"]["sides"]): string {
  const about = { subject: { kind: "fork" as const, number }, identity, fork: { sides } };
  return formatEvidence({
    ...{ format: EVIDENCE_FORMAT, version: EVIDENCE_VERSION, ...about },
    meaning: meaningOf(identity, readSides(about)),
  });
}

/** EvidenceRefused names the part that is false. */
export function checkForkFile(file: ForkFile, trust: Trust): Checked {
  const sides = readSides(file);
  const headers = file.fork.sides.map(({ header }) => readHeader(header));
  return {
    meaning: meaningOf(file.identity, sides),
    anchors: sides.map((side) => anchorOfSet(side, trust)),
    headers,
    limits:
      "Not proven: which of the two blocks the chain went on with, and who had the keys. Members that sealed a block only by a stolen key count as faulty.",
  };
}

type ForkParts = Pick<ForkFile, "subject" | "identity" | "fork">;

function readSides({ subject, identity, fork }: ForkParts): [ReadSide, ReadSide] {
  const own = fork.sides.map((side, index) => readSide(side, NAMES[index] ?? "", identity)) as [ReadSide, ReadSide];
  const [first, second] = own;
  for (const { name, header } of own) {
    const isOfHeight = header.number === BigInt(subject.number);
    demand(`${name}, number`, isOfHeight, `it is of block ${header.number}, and the fork of ${subject.number}`);
  }
  const isOne = first.header.hash === second.header.hash;
  demand("fork, blocks", !isOne, "both headers are of one block, which differs from node to node in its seals");
  const isOfOneParent = first.header.parentHash === second.header.parentHash;
  if (isOfOneParent) {
    const isSame = sameSet(first.validators, second.validators);
    demand(`${second.name}, accountants`, isSame, "blocks of one parent are sealed by one set");
  } else {
    for (const { name, isOfChain } of own) {
      const problem = "it has another parent, and no state shows that it is of this chain";
      demand(`${name}, chain`, isOfChain, problem);
    }
  }
  for (const { name, header, validators } of own) {
    attemptInWords(`${name}, seals`, () => requireSealed(RULES, header, validators));
  }
  if (!isOfOneParent) return own;
  // one parent, one state
  const shared = { isSetProven: own.some((side) => side.isSetProven), isOfChain: own.some((side) => side.isOfChain) };
  return [
    { ...first, ...shared },
    { ...second, ...shared },
  ];
}

function readSide(side: ForkSide, name: string, identity: EvidenceIdentity): ReadSide {
  const { validators, set, chain } = side;
  const header = attemptInWords(name, () => SealedHeader.read(getBytes(side.header)));
  demand(`${name}, hash`, header.hash === side.hash, `its header has the hash ${header.hash}`);
  attemptInWords(`${name}, accountants`, () => requireAscending(validators));
  const { AccountantElection: election } = identity.contracts;
  const [isSetProven, hasChain] = [set !== undefined, chain !== undefined];
  const rules = { election: election ?? "", layout: packedSetLayout(BigInt(identity.chainId)) };
  demand("identity", election !== undefined || !(isSetProven || hasChain), "it has no AccountantElection");
  if (set !== undefined) {
    const proven = attemptInWords(`${name}, set in its parent's state`, () => setBefore(rules, header, set));
    demand(`${name}, accountants`, sameSet(proven.validators, validators), "its parent's state has others");
  }
  if (chain !== undefined) {
    const words = attempt(`${name}, chain`, () => provenWords(header.stateRoot, rules.election, chain));
    const told = attempt(`${name}, chain`, () => rules.layout.chainOf(words));
    demand(`${name}, chain`, told === BigInt(identity.chainId), `its state is of chain ${told ?? "none"}`);
  }
  return { name, header, validators, isSetProven, isOfChain: isSetProven || hasChain };
}

function meaningOf({ chainId }: EvidenceIdentity, [first, second]: readonly [ReadSide, ReadSide]): string[] {
  const { number } = first.header;
  const isOfOneParent = first.header.parentHash === second.header.parentHash;
  const isShown = first.isOfChain && second.isOfChain;
  const chain = isShown
    ? `A proof of state shows that they are of chain ${chainId}.`
    : `That they are of chain ${chainId} is the file's word; of one chain they are, by their parent.`;
  return [
    `At height ${number} there are two blocks, and a quorum of the accountants sealed each of them: a fork.`,
    ...[first, second].map(blockLine),
    isOfOneParent
      ? `Both follow block ${number - 1n} with the hash ${first.header.parentHash}.`
      : "They follow two blocks.",
    chain,
    ...faultLines(first, second),
  ];
}

function blockLine({ header, validators }: ReadSide): string {
  const { hash, round, timestamp, coinbase, seals } = header;
  const made = `of ${formatTime(timestamp)}, made by ${getAddress(coinbase)}`;
  const sealed = `sealed in round ${round} by ${seals.length} of ${validators.length} accountants (${quorumOf(validators.length)} must)`;
  return `${hash}, ${made}, ${sealed}`;
}

/** Who sealed both, and what that shows of them. */
function faultLines(first: ReadSide, second: ReadSide): string[] {
  const both = sealersOfBoth(RULES, first.header, second.header);
  const named = both.length === 0 ? "Nobody's seal stands on both" : `The seals of ${both.length} stand on both`;
  const who = `${named}${both.map((one, index) => `${index === 0 ? ": " : ", "}${getAddress(one)}`).join("")}.`;
  const n = first.validators.length;
  const f = faultsOf(n);
  const { round } = first.header;
  if (!sameSet(first.validators, second.validators)) {
    return [who, "The two were sealed by different sets: their histories parted before, where one set sealed both."];
  }
  if (round === second.header.round) {
    return [
      who,
      `Both are of round ${round}: any two quorums of ${n} have at least ${2 * quorumOf(n) - n} members in common, so at least f + 1 = ${f + 1} sealed two blocks in one round. No honest accountant does.`,
    ];
  }
  return [
    who,
    `They are of rounds ${round} and ${second.header.round}: sealing both is no fault of each by itself, for who has seen no quorum may seal another block in a later round. That both got one shows that more than f = ${f} of ${n} broke the protocol (docs/light-node.md, A3); which ones, these seals do not show.`,
  ];
}

/** Why the accountants are taken for those in force. */
function anchorOfSet({ name, header, validators, isSetProven }: ReadSide, trust: Trust): string {
  const { number, hash, parentHash } = header;
  const block = `Block ${number} with the hash ${hash}: its ${validators.length} accountants`;
  if (trust.validators !== undefined && sameSet(trust.validators, validators))
    return `${block} are those that you gave.`;
  if (isSetProven && trust.headers.includes(parentHash)) {
    return `${block} stand in the state of its parent, whose hash ${parentHash} you gave.`;
  }
  const shown = isSetProven ? `stand in the state of its parent ${parentHash}` : "are the file's word";
  const problem = isSetProven
    ? `they are not those that you gave, nor is its parent's hash ${parentHash}`
    : "they are not those that you gave, and the file has no proof of them in its parent's state";
  demand(`${name}, accountants`, !isAnything(trust), problem);
  return `${block} ${shown}; NOBODY VOUCHES FOR THEM. Give the accountants in force with --validators${isSetProven ? ", or the parent's hash with --header" : ""}.`;
}

function nodesOf({ accountProof, storageProof }: AccountProof): NonNullable<ForkSide["chain"]> {
  return {
    accountProof: [...accountProof],
    storageProof: storageProof.map(({ key, value, proof }) => ({ key, value, proof: [...proof] })),
  };
}
