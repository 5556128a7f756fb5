/** The peers of a light node: who is asked next, who lied and is kept out, and why. */
import { InputError } from "../inputs/error.js";
import { isLie, PeerFailure, type RpcPeer } from "./rpc-peer.js";

/** What is known of a peer. */
export interface PeerRecord {
  readonly name: string;
  /** Answers that could not be true. */
  lies: number;
  /** Times that no answer came, or a useless one. */
  failures: number;
  /** Times that it was far behind another peer's proven head. */
  stale: number;
  /** Kept out after a lie. */
  isOut: boolean;
  /** The last lie or failure, in words. */
  lastProblem: string | undefined;
}

/** A lie, as it is told to whoever watches. */
export interface PeerLie {
  readonly peer: string;
  readonly what: string;
  readonly error: unknown;
}

/** Where that is kept over restarts. */
export interface PeerMemory {
  readonly peers: readonly PeerRecord[];
  putPeer(record: PeerRecord): void;
}

export class Peers {
  readonly #peers: readonly RpcPeer[];
  readonly #records = new Map<string, PeerRecord>();
  /** On the other side of a fork: no liars, and no use for what is on this side. */
  readonly #aside = new Set<string>();
  #turn = 0;

  constructor(
    peers: readonly RpcPeer[],
    private readonly onLie: (lie: PeerLie) => void = () => undefined,
    private readonly memory?: PeerMemory,
  ) {
    this.#peers = peers;
    const known = memory?.peers ?? [];
    for (const { name } of peers) {
      const none = { lies: 0, failures: 0, stale: 0, isOut: false, lastProblem: undefined };
      this.#records.set(name, { name, ...none, ...known.find((record) => record.name === name) });
    }
  }

  get records(): readonly PeerRecord[] {
    return [...this.#records.values()];
  }

  /** Who has not lied, on whatever side of a fork. */
  get honest(): readonly RpcPeer[] {
    return this.#peers.filter(({ name }) => !this.#recordOf(name).isOut);
  }

  /** Who may be asked. */
  get trusted(): readonly RpcPeer[] {
    return this.honest.filter(({ name }) => !this.#aside.has(name));
  }

  /** Asks a peer for nothing but its head while it has other blocks than this node, which a quorum sealed as well. */
  setAside(peer: RpcPeer, number: bigint): void {
    const record = this.#recordOf(peer.name);
    if (this.#aside.has(peer.name)) return;
    this.#aside.add(peer.name);
    record.lastProblem = `it is on the other side of a fork at or before block ${number}`;
    this.memory?.putPeer(record);
  }

  takeBack(peer: RpcPeer): void {
    this.#aside.delete(peer.name);
  }

  /** Peers in an order that begins with another one each time. */
  inTurn(): readonly RpcPeer[] {
    const peers = this.trusted;
    this.#turn += 1;
    const first = this.#turn % Math.max(1, peers.length);
    return [...peers.slice(first), ...peers.slice(0, first)];
  }

  /** Does it with one peer after the other until one's answers hold. InputError when none is left. */
  async attempt<Result>(what: string, action: (peer: RpcPeer) => Promise<Result>): Promise<Result> {
    let last: unknown;
    for (const peer of this.inTurn()) {
      try {
        return await action(peer);
      } catch (error) {
        this.note(peer, what, error);
        last = error;
      }
    }
    const problem = `no peer gives ${what} as it can be true${last === undefined ? "" : ` (${textOf(last)})`}`;
    throw new InputError({ file: "--rpc" }, problem, "Name more peers, or look at what the status says of these", {
      cause: last,
    });
  }

  /** Counts what a peer did; a lie keeps it out. What is no peer's doing is thrown again. */
  note(peer: RpcPeer, what: string, error: unknown): void {
    const record = this.#recordOf(peer.name);
    if (isLie(error)) {
      record.lies += 1;
      record.isOut = true;
      record.lastProblem = `${what}: ${textOf(error)}`;
      this.memory?.putPeer(record);
      this.onLie({ peer: peer.name, what: record.lastProblem, error });
      return;
    }
    if (!(error instanceof PeerFailure) && !isExpected(error)) throw error;
    record.failures += 1;
    record.lastProblem = `${what}: ${textOf(error)}`;
    this.memory?.putPeer(record);
  }

  noteStale(peer: RpcPeer, behind: bigint): void {
    const record = this.#recordOf(peer.name);
    record.stale += 1;
    record.lastProblem = `its head is ${behind} blocks behind`;
    this.memory?.putPeer(record);
  }

  #recordOf(name: string): PeerRecord {
    return this.#records.get(name) as PeerRecord;
  }
}

function isExpected(error: unknown): boolean {
  const name = (error as Error | null)?.name;
  return name === "CommonwattError" || name === "ZodError" || name === "InputError";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
