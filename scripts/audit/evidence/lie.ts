/** Evidence of a lie: a node's answer about a block that the block's header shows to be false. */
import { getAddress, getBytes } from "ethers";

import {
  readHeader,
  recoverInJavaScript,
  requireAscending,
  sameSet,
  SealedHeader,
  signersOfDigest,
} from "../../../light/index.js";
import { objectOf } from "../../../light/rpc-fields.js";
import { formatTime } from "../../../sdk/time/slots.js";
import { anchorOf, type Trust } from "./anchor.js";
import type { Checked } from "./check.js";
import { contradictionIn, type Contradiction } from "./contradiction.js";
import {
  EVIDENCE_FORMAT,
  EVIDENCE_VERSION,
  formatEvidence,
  type EvidenceIdentity,
  type Lie,
  type LieFile,
} from "./file.js";
import { attemptInWords, demand } from "./proven.js";
import { EvidenceRefused } from "./refused.js";

/** Of a question in words. */
const MOST_CHARACTERS = 300;
/** Seals that are named. */
const MOST_SEALS = 200;

/** The file of a lie. EvidenceRefused where the answer is none. */
export function lieText(identity: EvidenceIdentity, lie: Lie): string {
  const { header, found } = judged(lie);
  return formatEvidence({
    ...{ format: EVIDENCE_FORMAT, version: EVIDENCE_VERSION },
    subject: { kind: "lie", block: Number(header.number), about: found.about },
    ...{ identity, lie, meaning: meaningOf(lie, header, found) },
  });
}

/** EvidenceRefused names the part that is false: also where the answer is true, so that the file accuses falsely. */
export function checkLieFile({ subject, lie }: LieFile, trust: Trust): Checked {
  const { header, found } = judged(lie);
  demand("subject", BigInt(subject.block) === header.number, `its header is of block ${header.number}`);
  demand("subject", subject.about === found.about, `what is false is of another kind: ${found.about}`);
  const block = readHeader(lie.header);
  return {
    meaning: meaningOf(lie, header, found),
    anchors: [anchorOf(block, trust), ...setLines(lie, found, trust)],
    headers: [block],
    limits:
      `Not proven: who gave the answer. Answers over JSON-RPC are signed by nobody, so that this shows that the answer is false, and that it came from ` +
      `${lie.peer} is the word of whoever wrote the file.${found.about === "header" ? " Seals are signatures: they are of whom they name." : ""}`,
  };
}

function judged(lie: Lie): { readonly header: SealedHeader; readonly found: Contradiction } {
  const header = attemptInWords("header", () => SealedHeader.read(getBytes(lie.header)));
  const { validators } = lie;
  if (validators !== undefined) attemptInWords("accountants", () => requireAscending(validators));
  const found = contradictionIn(header, lie);
  if (found !== undefined) return { header, found };
  throw new EvidenceRefused("answer", "it fits the header, so that the file accuses falsely");
}

function meaningOf(lie: Lie, { number, hash, timestamp }: SealedHeader, { about, where }: Contradiction): string[] {
  const { method, params } = lie.question;
  const asked = JSON.stringify(params);
  const shown = asked.length > MOST_CHARACTERS ? `${asked.slice(0, MOST_CHARACTERS)}...` : asked;
  return [
    `A light node asked the peer that it calls ${lie.peer}: ${method} ${shown}`,
    `That is about block ${number} with the hash ${hash} (${formatTime(timestamp)}). The answer (${about}) is false: ${where}.`,
    ...(about === "header" ? sealLines(lie) : []),
  ];
}

/** Whose seals a false header bears: the one part of an answer that somebody signed. */
function sealLines({ answer, validators }: Lie): string[] {
  let header: SealedHeader;
  try {
    header = SealedHeader.fromRpc(objectOf(answer, "block"));
  } catch {
    return [];
  }
  const { round, hash, digest } = header;
  const signers = header.seals.slice(0, MOST_SEALS).map((seal) => {
    try {
      return getAddress([...signersOfDigest(digest, [seal], recoverInJavaScript)][0] ?? "");
    } catch {
      return undefined;
    }
  });
  const nameOf = (signer: string | undefined): string => {
    if (signer === undefined) return "a seal of no key";
    if (validators === undefined) return signer;
    const isMember = validators.some((member) => BigInt(member) === BigInt(signer));
    return `${signer} (${isMember ? "a member" : "no member"})`;
  };
  const names = signers.map(nameOf).join(", ");
  return [
    `The answered header has the hash ${hash} and ${header.seals.length} seals of round ${round}${names === "" ? "" : `: ${names}`}.`,
    validators === undefined
      ? "Whether a quorum of the accountants sealed it, which would be a fork and no lie, this file does not show."
      : "An address that is no member's comes from a stranger's key, or from a seal that was made for other bytes.",
  ];
}

/** What the accountants rest on that a false header's seals are held against. */
function setLines({ validators }: Lie, { about }: Contradiction, trust: Trust): string[] {
  if (about !== "header" || validators === undefined) return [];
  if (trust.validators === undefined) {
    return [
      `That the block's accountants are ${validators.join(", ")} is the file's word: give them with --validators.`,
    ];
  }
  const isSame = sameSet(trust.validators, validators);
  demand("accountants", isSame, "those of the file are not those that you gave");
  return ["The seals of the answer are held against the accountants that you gave."];
}
