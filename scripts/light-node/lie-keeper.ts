/** Keeps lies as evidence: one file for each that a header shows, in the form that `npm run audit -- check` takes. */
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { hexlify, id } from "ethers";

import { provenAccount, type AccountantSet, type SealedHeader } from "../../light/index.js";
import { objectOf } from "../../light/rpc-fields.js";
import { removeTemporaries, writeFileAtOnce } from "../../sdk/node/deployments.js";
import { blockOf, contradictionIn, type Answered } from "../audit/evidence/contradiction.js";
import type { EvidenceIdentity, Lie } from "../audit/evidence/file.js";
import { lieText } from "../audit/evidence/lie.js";
import { EvidenceRefused } from "../audit/evidence/refused.js";
import { InputError } from "../inputs/error.js";
import type { Print } from "../run.js";
import type { AnswerRecord, RecordedAnswer } from "./answer-record.js";
import { checkedLists, checkedReceipts } from "./bodies.js";
import type { PeerLie } from "./peers.js";
import { accountProofSchema } from "./rpc-peer.js";

export interface KeeperOptions {
  /** Where the files go; made when it is not there. */
  readonly folder: string;
  readonly identity: EvidenceIdentity;
  readonly record: AnswerRecord;
  readonly headers: { header(number: bigint): SealedHeader | undefined };
  readonly tell: Print;
}

/** In the folder: what is there first stays, so that nobody can flush evidence out by more lies. */
const MOST_FILES = 200;
const MOST_BYTES = 128 * 2 ** 20;
/** Lies that wait for the header that shows them, each with answers in memory, and how many rounds they do. */
const MOST_WAITING = 4;
const MOST_ROUNDS = 30;

interface WaitingLie {
  readonly lie: PeerLie;
  readonly answers: readonly RecordedAnswer[];
  rounds: number;
}

export class LieKeeper {
  #waiting: WaitingLie[] = [];

  private constructor(private readonly options: KeeperOptions) {}

  /** InputError for a folder that can't be used. */
  static async open(options: KeeperOptions): Promise<LieKeeper> {
    const { folder } = options;
    try {
      await mkdir(folder, { recursive: true });
      await removeTemporaries(folder);
    } catch (cause) {
      const problem = `it can't be used for evidence (${(cause as Error).message})`;
      throw new InputError({ file: folder }, problem, "Name a folder that can be written with --evidence", { cause });
    }
    return new LieKeeper(options);
  }

  /** Remembers a lie with the answers before it; `write` makes the file. */
  take(lie: PeerLie): void {
    if (this.#waiting.length >= MOST_WAITING) this.#tellNone(lie);
    else this.#waiting.push({ lie, answers: this.options.record.answers, rounds: 0 });
  }

  /** Writes what the headers show by now. A folder that is full or can't be written is told of, and stops nothing. */
  async write(sealersOf: (number: bigint) => AccountantSet | undefined = () => undefined): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      one.rounds += 1;
      const found = this.#lieIn(one, sealersOf);
      if (found === "later" && one.rounds < MOST_ROUNDS) this.#waiting.push(one);
      else if (typeof found === "string") this.#tellNone(one.lie);
      else await this.#writeOne(found);
    }
  }

  /** Gives up what still waits. */
  close(): void {
    for (const { lie } of this.#waiting) this.#tellNone(lie);
    this.#waiting = [];
  }

  #tellNone({ peer, what }: PeerLie): void {
    this.options.tell(`no evidence is kept of ${peer} (${what}): no header shows it, or the answer was too large`);
  }

  /** The first of the peer's answers that a header shows to be false. */
  #lieIn(
    { lie: { peer }, answers }: WaitingLie,
    sealersOf: (number: bigint) => AccountantSet | undefined,
  ): Lie | "later" | "none" {
    let isLater = false;
    for (const { method, params, answer } of answers.filter((one) => one.peer === peer)) {
      const question = { method, params: [...params] };
      const number = blockOf({ question, answer });
      if (number === undefined || number === 0n) continue;
      const header = this.options.headers.header(number);
      if (header === undefined) {
        isLater = true;
        continue;
      }
      const answered = { question, answer, ...aidsFor({ question, answer }, header, answers, sealersOf(number)) };
      try {
        if (contradictionIn(header, answered) === undefined) continue;
        return { peer, header: hexlify(header.raw), ...answered };
      } catch (error) {
        // a fork, or what would show the lie is not at hand
        if (!(error instanceof EvidenceRefused)) throw error;
      }
    }
    return isLater ? "later" : "none";
  }

  async #writeOne(lie: Lie): Promise<void> {
    const { folder, identity, tell } = this.options;
    try {
      const text = lieText(identity, lie);
      const { subject } = JSON.parse(text) as { subject: { block: number; about: string } };
      const name = `lie-${subject.block}-${subject.about}-${id(text).slice(2, 18)}.json`;
      const files = await readdir(folder);
      if (files.includes(name)) return;
      const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
      const bytes = sizes.reduce((sum, size) => sum + size, 0) + Buffer.byteLength(text);
      if (files.length >= MOST_FILES || bytes > MOST_BYTES) {
        tell(`${folder} is full: a lie of ${lie.peer} is not kept; move its files elsewhere`);
        return;
      }
      await writeFileAtOnce(join(folder, name), text, 0o644);
      tell(`evidence against ${lie.peer}: ${join(folder, name)}`);
    } catch (error) {
      tell(`evidence against ${lie.peer} can't be written (${(error as Error).message})`);
    }
  }
}

/** What an answer is held against beside the header, out of what any peer answered before. */
function aidsFor(
  { question }: Pick<Answered, "question" | "answer">,
  header: SealedHeader,
  answers: readonly RecordedAnswer[],
  sealers: AccountantSet | undefined,
): Pick<Answered, "validators" | "receipts" | "transactions" | "accountProof"> {
  const { method, params } = question;
  const hexOf = (items: readonly Uint8Array[]): string[] => items.map((item) => hexlify(item));
  const at = `0x${header.number.toString(16)}`;
  /** What the first answer to such a question proves. */
  const proven = <Value>(
    isMeant: (one: RecordedAnswer) => boolean,
    read: (answer: unknown) => Value,
  ): Value | undefined => {
    for (const one of answers) {
      try {
        if (isMeant(one)) return read(one.answer);
      } catch {
        // another peer's may be true
      }
    }
    return undefined;
  };
  switch (method) {
    case "eth_getBlockByNumber":
      return sealers === undefined || sealers.length === 0 ? {} : { validators: [...sealers] };
    case "eth_getLogs": {
      const receipts = proven(
        (one) => one.method === "eth_getBlockReceipts" && one.params[0] === at,
        (answer) =>
          hexOf(
            checkedReceipts(
              (answer as unknown[]).map((item) => objectOf(item, "receipts")),
              header,
            ),
          ),
      );
      return receipts === undefined ? {} : { receipts };
    }
    case "eth_getTransactionByHash": {
      const transactions = proven(
        (one) => one.method === "eth_getBlockByNumber" && one.params[0] === at && one.params[1] === true,
        (answer) => hexOf(checkedLists(objectOf(answer, "block"), header).encoded),
      );
      return transactions === undefined ? {} : { transactions };
    }
    case "eth_getCode": {
      const accountProof = proven(
        (one) => one.method === "eth_getProof" && one.params[0] === params[0] && one.params[2] === at,
        (answer) => provingNodes(header, String(params[0]), answer),
      );
      return accountProof === undefined ? {} : { accountProof };
    }
    default:
      return {};
  }
}

function provingNodes(header: SealedHeader, address: string, answer: unknown): string[] {
  const { accountProof } = accountProofSchema.parse(answer);
  provenAccount(header.stateRoot, address, accountProof);
  return accountProof;
}
