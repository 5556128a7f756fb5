/** A simulated chain as if QBFT ran it: its headers around the true states, sealed by a quorum of the set in force. */
import { encodeRlp, ZeroHash, type Provider, type Wallet } from "ethers";

import { blockHash, headerFromRpc, quorumOf, sealDigest } from "../../light/index.js";
import { sealOf } from "../../scripts/bench/qbft-headers.js";
import { validatorsFor } from "../../sdk/actions/accountants.js";
import type { AnyChain } from "../../sdk/connect.js";

type Answer = Readonly<Record<string, unknown>> | null;
/** As much of a provider as answers in a node's own words. */
type Sending = Provider & { send(method: string, parameters: unknown[]): Promise<Answer> };

export interface SealedOptions {
  /** Keys of all nodes that ever sealed. */
  readonly nodes: readonly Wallet[];
  /** From this block on the node still has states; before, it has forgotten them. */
  readonly statesFrom?: () => number;
  /** Fields that its blocks have instead of their own. */
  readonly bend?: Readonly<Record<string, string>>;
  /** Seals that its headers lack of a quorum. */
  readonly missing?: number;
}

/** The chain behind an endpoint that gives sealed headers. */
export function sealedChain<Chain extends AnyChain>(
  chain: Chain,
  { nodes, statesFrom, bend = {}, missing = 0 }: SealedOptions,
): Chain {
  const honest = chain.provider as Sending;
  const keys = new Map(nodes.map((node) => [node.address, node.signingKey]));
  const send: Sending["send"] = async (method, parameters) => {
    if (method === "eth_getProof" && Number(parameters[2]) < (statesFrom?.() ?? 0)) return null;
    const answer = await honest.send(method, parameters);
    return method === "eth_getBlockByNumber" && answer !== null ? sealedBlock(answer) : answer;
  };
  const sealedBlock = async (block: NonNullable<Answer>): Promise<Answer> => {
    const bare = { ...block, ...bend, extraData: extraData([]) };
    const header = headerFromRpc(bare);
    const set = await validatorsFor(chain, header.number);
    const digest = sealDigest(header);
    const seals = set.slice(missing, quorumOf(set.length)).map((address) => {
      const key = keys.get(address);
      if (key === undefined) throw new Error(`the test has no key of ${address}`);
      return sealOf(key, digest);
    });
    return { ...bare, extraData: extraData(seals), hash: blockHash(header) };
  };
  const provider = new Proxy(honest, {
    get(target, name) {
      if (name === "send") return send;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...chain, provider };
}

function extraData(seals: readonly string[]): string {
  return encodeRlp([ZeroHash, [], [], "0x", [...seals]]);
}
