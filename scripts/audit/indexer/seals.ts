/**
 * QBFT's seals of the headers that are read: each is sealed by a quorum of the set in force. The set is that of a trusted
 * start; who seals from then on is what the election's own events say, in receipts that the sealed headers commit to.
 * So no old state is asked for.
 */
import {
  chainRules,
  packedSetLayout,
  requireAscending,
  requireQuorumOf,
  SealedHeader,
  signersOfDigest,
  type AccountantSet,
  type Recover,
} from "../../../light/index.js";
import type { RpcObject } from "../../../light/rpc-fields.js";
import type { TransactionDeployment, UserDeployment } from "../../../sdk/deployments/index.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { InputError } from "../../inputs/error.js";
import { checkpointIn, genesisIn, readJson } from "../../light-node/start-files.js";
import type { AuditDatabase, ChainName } from "./database.js";
import { lie } from "./lies.js";
import type { VerifiedBlock } from "./types.js";

/** A block that is trusted, and who seals the next one. What comes before it is trusted for its hash. */
export interface SealedStart {
  readonly number: number;
  readonly hash: string;
  /** Node addresses, ascending, in lower case. */
  readonly validators: AccountantSet;
}

/** Who made the seals of a block; nobody's are read of the start itself. */
export interface BlockSeals {
  readonly number: number;
  readonly hash: string;
  /** Who made the block, in lower case. */
  readonly coinbase: string;
  /** In lower case, in the order of the seals. */
  readonly signers: readonly string[];
}

/** Reads a start: a chain's genesis file, or a checkpoint. */
export async function readSealedStart(
  file: string,
  { chainId, genesisHash, contracts }: TransactionDeployment | UserDeployment,
  recover: Recover,
): Promise<SealedStart> {
  const content = await readJson(file);
  if (typeof content === "object" && content !== null && "alloc" in content) {
    const rules = chainRules({
      ...{ chainId: BigInt(chainId), election: contracts.AccountantElection.address, recover },
      ...{ layout: packedSetLayout(BigInt(chainId)), trustingSeconds: 0n },
    });
    const { header, next } = genesisIn(file, content, { rules, genesisHash });
    return { number: Number(header.number), hash: header.hash, validators: next.validators };
  }
  const { chainId: told, number, hash, validators } = checkpointIn(file, content);
  if (told !== chainId) {
    throw new InputError(
      { file },
      `it is of chain ${told}, not ${chainId}`,
      "Give a checkpoint of this network's chain",
    );
  }
  requireAscending(validators);
  return { number, hash: hash.toLowerCase(), validators: validators.map((node) => node.toLowerCase()) };
}

/** Who sealed a block, as the endpoint gives it; `InputError` where it has no seals at all, or one that nobody made. */
export function sealsOf(
  endpoint: string,
  { number, hash, header }: { readonly number: number; readonly hash: string; readonly header: RpcObject },
  recover: Recover | undefined,
): BlockSeals {
  if (recover === undefined) return { number, hash, coinbase: "", signers: [] };
  let sealed: SealedHeader;
  try {
    sealed = SealedHeader.fromRpc(header);
  } catch (cause) {
    const advice = "Leave it out for a chain that nobody seals (a simulated one), or ask another node";
    const what = `block ${number} of ${endpoint} has no QBFT seals (${(cause as Error).message})`;
    throw new InputError({ file: "--seals" }, what, advice, { cause });
  }
  return told(endpoint, number, () => {
    const signers = [...signersOfDigest(sealed.digest, sealed.seals, recover)];
    return { number, hash, coinbase: sealed.coinbase, signers };
  });
}

/** The start by which a database's chain is checked, kept with it; undefined: it is read without seals. */
export function agreedStart(
  database: AuditDatabase,
  chain: ChainName,
  given: SealedStart | undefined,
): SealedStart | undefined {
  const kept = database.sealedStart(chain);
  if (given === undefined) return kept;
  const advice = "Leave --seals out, or name a new database";
  if (kept !== undefined) {
    if (JSON.stringify(kept) === JSON.stringify(given)) return kept;
    const what = `seals of its ${chain} chain are checked from block ${kept.number} (${kept.hash}) on, not from ${given.number}`;
    throw new InputError({ file: database.path }, what, advice);
  }
  const { block } = database.cursorOf(chain);
  if (block >= 0) {
    const what = `the ${chain} chain was read without seals up to block ${block}`;
    throw new InputError({ file: database.path }, what, advice);
  }
  database.noteSealedStart(chain, given);
  return given;
}

/** Goes along the chain, from where the database ends. */
export class SealFollower {
  #set: AccountantSet;

  constructor(
    readonly endpoint: string,
    readonly start: SealedStart,
    set: AccountantSet,
  ) {
    this.#set = set;
  }

  /** With the set that the events in the database put in force. */
  static resume(database: AuditDatabase, endpoint: string, chain: ChainName, start: SealedStart): SealFollower {
    const last = database.one<{ args: string }>(
      "SELECT args FROM events WHERE chain = ? AND contract = ? AND name = ? AND block > ? ORDER BY block DESC, log DESC LIMIT 1",
      ...[chain, CONTRACT, EVENT, start.number],
    );
    return new SealFollower(endpoint, start, last === undefined ? start.validators : setIn(last.args));
  }

  /** Refuses the first block that is not sealed by a quorum of the set in force, with `InputError`. */
  take(seals: readonly BlockSeals[], blocks: readonly VerifiedBlock[]): void {
    const changes = new Map(blocks.map((block) => [block.number, changeIn(block)]));
    for (const { number, hash, coinbase, signers } of seals) {
      if (number < this.start.number) continue;
      if (number === this.start.number) {
        if (hash === this.start.hash) continue;
        throw lie(this.endpoint, number, `its hash is ${hash}, and --seals names ${this.start.hash}`);
      }
      told(this.endpoint, number, () => {
        requireQuorumOf({ number: BigInt(number), coinbase, seals: signers }, signers, this.#set);
      });
      this.#set = changes.get(number) ?? this.#set;
    }
  }
}

const CONTRACT = "AccountantElection";
const EVENT = "ValidatorSetChanged";

/** The set that a block put in force for those behind it. */
function changeIn({ transactions }: VerifiedBlock): AccountantSet | undefined {
  const events = transactions.flatMap((transaction) => transaction.events);
  const last = events.findLast(({ contract, name }) => contract === CONTRACT && name === EVENT);
  return last && setIn(last.args);
}

function setIn(args: string): AccountantSet {
  const { validators } = JSON.parse(args) as { readonly validators: readonly string[] };
  return validators.map((node) => node.toLowerCase());
}

function told<Result>(endpoint: string, block: number, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!isCommonwattError(error)) throw error;
    throw lie(endpoint, block, `no quorum of the set in force sealed it (${error.message})`);
  }
}
