/** What a light node's core costs, measured in Node and in a browser by the same code: nothing here knows which it is. */
import {
  chainRules,
  packedSetLayout,
  recoverInJavaScript,
  requireLink,
  SealedHeader,
  verifyNext,
  type AccountantSet,
  type Recover,
  type TrustedHeader,
} from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";

/** Blocks of one chain, one behind the other, all sealed by one set. */
export interface SealedBlocks {
  readonly chainId: number;
  readonly election: string;
  /** As `eth_getBlockByNumber` gives them. */
  readonly blocks: readonly RpcObject[];
  readonly validators: AccountantSet;
}

export interface HeaderFigures {
  /** From JSON-RPC's objects to trusted headers, on one core. */
  readonly sealedPerSecond: number;
  /** Of that time, in the recovery of seals, 0 to 1. */
  readonly recoverShare: number;
  /** Ancestors of a trusted header, by their hashes alone. */
  readonly linkedPerSecond: number;
}

/** How long each figure is measured at least, and by which clock. */
export interface Measuring {
  readonly seconds: number;
  /** Milliseconds: of this process's work where they can be had, so that what others do on the machine counts less. */
  readonly clock: () => number;
}

export function measureHeaders(sealed: SealedBlocks, recover: Recover, measuring: Measuring): HeaderFigures {
  const count = sealed.blocks.length - 1;
  const rate = (run: () => void): number => ratePerSecond(count, measuring, run);
  const total = rate(() => followAll(sealed, recover));
  // the same without recovery: seals are looked up
  const answers = new Map<string, string | undefined>();
  const remember: Recover = (digest, seal) => {
    const signer = recover(digest, seal);
    answers.set(keyOf(seal), signer);
    return signer;
  };
  followAll(sealed, remember);
  const lookUp: Recover = (_, seal) => answers.get(keyOf(seal));
  const rest = rate(() => followAll(sealed, lookUp));
  const linked = rate(() => linkAll(sealed.blocks));
  return { sealedPerSecond: total, recoverShare: 1 - total / rest, linkedPerSecond: linked };
}

/** Seals of nobody are refused by the same code: a benchmark that checks nothing would be a fast one. */
export function requireChecked({ blocks, ...rest }: SealedBlocks): void {
  const bent = blocks.map((block, index) => (index === 1 ? { ...block, gasUsed: "0x7" } : block));
  try {
    followAll({ ...rest, blocks: bent.slice(0, 2) }, recoverInJavaScript);
  } catch {
    return;
  }
  throw new Error("an altered header was accepted");
}

function followAll({ blocks, validators, chainId, election }: SealedBlocks, recover: Recover): void {
  const layout = packedSetLayout(BigInt(chainId));
  const rules = chainRules({ chainId: BigInt(chainId), election, layout, trustingSeconds: 1_209_600n, recover });
  const [first, ...rest] = blocks as [RpcObject, ...RpcObject[]];
  let trusted: TrustedHeader = {
    header: SealedHeader.fromRpc(first),
    sealers: [],
    next: { validators },
    isProven: true,
  };
  for (const block of rest) {
    const header = SealedHeader.fromRpc(block);
    trusted = verifyNext(rules, trusted, header, header.timestamp);
  }
}

function linkAll(blocks: readonly RpcObject[]): void {
  let child = SealedHeader.fromRpc(blocks.at(-1) as RpcObject);
  for (let index = blocks.length - 2; index >= 0; index -= 1) {
    const parent = SealedHeader.fromRpc(blocks[index] as RpcObject);
    requireLink(parent, child);
    child = parent;
  }
}

function ratePerSecond(items: number, { seconds, clock }: Measuring, run: () => void): number {
  run(); // warm
  const start = clock();
  let runs = 0;
  do {
    run();
    runs += 1;
  } while (clock() - start < seconds * 1_000);
  return (runs * items * 1_000) / (clock() - start);
}

/** Half of a seal's s: no two seals have it in common. */
function keyOf(seal: Uint8Array): string {
  let key = "";
  for (let at = 32; at < 48; at += 1) key += String.fromCharCode(seal[at] as number);
  return key;
}
