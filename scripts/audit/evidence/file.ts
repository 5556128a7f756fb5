/** The evidence file: what was proven, in which blocks, and all that somebody needs to check it with nothing else. */
import { id } from "ethers";
import { z } from "zod";

import { InputError } from "../../inputs/error.js";
import { EvidenceRefused } from "./refused.js";

export const EVIDENCE_FORMAT = "commonwatt-evidence";
/** Version of the file's format. */
export const EVIDENCE_VERSION = 1;

/** What a false answer is about. */
export const LIE_KINDS = ["header", "body", "receipts", "logs", "transaction", "proof", "code"] as const;

const bytes = z.string().regex(/^0x([0-9a-f]{2})*$/, "is not lower-case hex");
const word = z.string().regex(/^0x[0-9a-f]{64}$/, "is not 0x and 64 lower-case hex digits");
const quantity = z.string().regex(/^0x[0-9a-fA-F]{1,64}$/, "is no word in hex");
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "is not an address");
const whole = z.number().int().nonnegative();

/** What transactions show. */
const subject = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("transaction"), transaction: word }),
  z.strictObject({ kind: z.literal("reading"), meter: whole, slot: whole }),
  z.strictObject({ kind: z.literal("settlement"), meter: whole, slot: whole }),
]);

/** Whose contracts the events are of: as the deployment file had it. */
const identity = z.strictObject({
  network: z.string(),
  chain: z.enum(["transaction", "user"]),
  chainId: whole.positive(),
  genesisHash: word,
  contracts: z.record(z.string(), address),
});

/** One transaction of a block and its receipt, each with the nodes from the header's root down to it. */
const item = z.strictObject({
  place: whole,
  hash: word,
  transaction: bytes,
  transactionProof: z.array(bytes),
  receipt: bytes,
  receiptProof: z.array(bytes),
});

const block = z.strictObject({
  number: whole,
  hash: word,
  /** RLP, with seals where the chain has them. */
  header: bytes,
  items: z.array(item).min(1),
});

const message = z.strictObject({
  meter: whole,
  slot: whole,
  importWh: whole,
  exportWh: whole,
  status: whole,
  sequence: whole,
});

/** A reading in a batch: which event stored it, its path to the batch's root, and what was signed. */
const reading = z.strictObject({
  block: whole,
  place: whole,
  /** Of the event in its receipt. */
  log: whole,
  /** Of the reading in its batch. */
  index: whole,
  batch: whole,
  root: word,
  message,
  digest: word,
  proof: z.array(word),
  /** Absent where the ledger was not called directly: the calldata is another contract's then. */
  signed: z.strictObject({ r: word, vs: word, covers: z.array(message).min(1), signer: address }).optional(),
});

const format = { format: z.literal(EVIDENCE_FORMAT), version: z.literal(EVIDENCE_VERSION) };
const end = {
  /** What the rest says, in words; made again by whoever checks. */
  meaning: z.array(z.string()),
  /** keccak256 of all of the above as JSON: finds a slip of a copy, proves nothing. */
  digest: word,
};

const ofTransactions = z.strictObject({
  ...format,
  subject,
  identity,
  blocks: z.array(block).min(1),
  readings: z.array(reading),
  ...end,
});

/** An answer of `eth_getProof`, as much of it as proves anything. */
const stateProof = z.strictObject({
  accountProof: z.array(bytes),
  storageProof: z.array(z.strictObject({ key: quantity, value: quantity, proof: z.array(bytes) })),
});

/** One of two blocks of one height. */
const side = z.strictObject({
  hash: word,
  /** RLP, with seals. */
  header: bytes,
  /** Who could seal it, ascending. */
  validators: z.array(address).min(1),
  /** The parent (RLP), and the set in the parent's state: shows chain and set. */
  set: z.strictObject({ parent: bytes, proof: stateProof }).optional(),
  /** The election's words in the block's own state: shows the chain. */
  chain: stateProof.optional(),
});

const ofFork = z.strictObject({
  ...format,
  subject: z.strictObject({ kind: z.literal("fork"), number: whole }),
  identity,
  fork: z.strictObject({ sides: z.tuple([side, side]) }),
  ...end,
});

const lie = z.strictObject({
  /** As the light node that asked calls it. */
  peer: z.string().max(300),
  question: z.strictObject({ method: z.string().max(60), params: z.array(z.unknown()).max(4) }),
  /** The peer's, unchanged. */
  answer: z.unknown(),
  /** Of the block that was asked about: RLP, with seals. */
  header: bytes,
  /** Who could seal that block, ascending, as far as that matters and the node knew it. */
  validators: z.array(address).min(1).optional(),
  /** The block's transactions, its receipts, a proof of the account: what an answer is held against that no root covers. */
  transactions: z.array(bytes).optional(),
  receipts: z.array(bytes).optional(),
  accountProof: z.array(bytes).optional(),
});

const ofLie = z.strictObject({
  ...format,
  subject: z.strictObject({ kind: z.literal("lie"), block: whole, about: z.enum(LIE_KINDS) }),
  identity,
  lie,
  ...end,
});

/** Evidence of what transactions show. */
export type Evidence = z.infer<typeof ofTransactions>;
export type EvidenceBody = Omit<Evidence, "digest">;
export type EvidenceSubject = Evidence["subject"];
export type EvidenceIdentity = Evidence["identity"];
export type EvidenceBlock = Evidence["blocks"][number];
export type EvidenceItem = EvidenceBlock["items"][number];
export type EvidenceReading = Evidence["readings"][number];
export type ForkFile = z.infer<typeof ofFork>;
export type ForkSide = z.infer<typeof side>;
export type LieFile = z.infer<typeof ofLie>;
/** What the light node knows of a lie. */
export type Lie = z.infer<typeof lie>;
export type LieKind = (typeof LIE_KINDS)[number];
export type AnyEvidence = Evidence | ForkFile | LieFile;
export type AnyEvidenceBody = EvidenceBody | Omit<ForkFile, "digest"> | Omit<LieFile, "digest">;

/** The text of the file. */
export function formatEvidence(body: AnyEvidenceBody): string {
  return `${JSON.stringify({ ...body, digest: digestOf(body) }, null, 2)}\n`;
}

/** keccak256 of the body's JSON, its keys in the order that `formatEvidence` is given. */
export function digestOf(body: AnyEvidenceBody): string {
  return id(JSON.stringify(body));
}

/** The inverse. InputError for what is no evidence; EvidenceRefused, with the field, for evidence that is not whole. */
export function parseEvidence(text: string, source: string): AnyEvidence {
  const place = { file: source };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InputError(
      place,
      "it is no JSON",
      "Give a file that npm run audit -- prove or the light node wrote, unchanged.",
      {
        cause,
      },
    );
  }
  const { format, version } = (json ?? {}) as { format?: unknown; version?: unknown };
  if (format !== EVIDENCE_FORMAT) {
    throw new InputError(
      place,
      "it is no evidence",
      "Give a file that npm run audit -- prove or the light node wrote, unchanged.",
    );
  }
  if (version !== EVIDENCE_VERSION) {
    const problem = `its format has version ${String(version)}, this program reads ${EVIDENCE_VERSION}`;
    throw new InputError(place, problem, "Check it with the program that wrote it.");
  }
  const result = schemaOf(json).safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new EvidenceRefused(issue?.path.join(".") ?? "file", issue?.message ?? "is not as it was written");
  }
  // the order of the keys is the file's own
  return json as AnyEvidence;
}

/** By what the file says that it is about. */
function schemaOf(json: unknown): typeof ofTransactions | typeof ofFork | typeof ofLie {
  const { kind } = ((json as { subject?: unknown }).subject ?? {}) as { kind?: unknown };
  if (kind === "fork") return ofFork;
  return kind === "lie" ? ofLie : ofTransactions;
}
