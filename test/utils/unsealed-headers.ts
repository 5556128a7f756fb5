/**
 * Headers of an embedded chain, which nobody seals: each checked by its hash and its parent's, the last one taken for
 * granted. The light node's own are in `LightStore`, and it has no option for these: they are for tests alone.
 */
import { getBytes } from "ethers";

import { FIELDS, rawHeaderFromRpc, rpcBlockHash } from "../../light/index.js";
import { dataField, hexField, quantityField, type RpcObject } from "../../light/rpc-fields.js";
import type { HeaderSource, KnownHeader } from "../../scripts/light-node/headers.js";
import type { Ask } from "../../scripts/light-node/rpc-peer.js";

export class UnsealedHeaders implements HeaderSource {
  readonly path = "an embedded chain";
  readonly #headers = new Map<bigint, KnownHeader>();
  trusted: { readonly header: KnownHeader; readonly isProven: boolean } | undefined;

  /** Reads on to the chain's last block. */
  async follow(ask: Ask): Promise<void> {
    const head = BigInt((await ask("eth_blockNumber", [])) as string);
    for (let number = BigInt(this.#headers.size); number <= head; number += 1n) {
      const block = (await ask("eth_getBlockByNumber", [`0x${number.toString(16)}`, false])) as RpcObject;
      const header = headerOf(block);
      const parent = this.#headers.get(number - 1n);
      if (header.hash !== block["hash"] || (parent !== undefined && hexField(block, "parentHash") !== parent.hash)) {
        throw new Error(`block ${number} is not what its hash says`);
      }
      this.#headers.set(number, header);
      this.trusted = { header, isProven: true };
    }
  }

  header(number: bigint): KnownHeader | undefined {
    return this.#headers.get(number);
  }

  /** As if it had not been kept. */
  forget(number: bigint): void {
    this.#headers.delete(number);
  }
}

function headerOf(block: RpcObject): KnownHeader {
  const root = (name: string): string => hexField(block, name);
  return {
    number: BigInt(root("number")),
    timestamp: BigInt(root("timestamp")),
    hash: rpcBlockHash(block),
    stateRoot: root("stateRoot"),
    transactionsRoot: root("transactionsRoot"),
    receiptsRoot: root("receiptsRoot"),
    withdrawalsRoot: block["withdrawalsRoot"] === undefined ? undefined : root("withdrawalsRoot"),
    bloom: dataField(block, "logsBloom"),
    raw: getBytes(rawHeaderFromRpc(block)),
    field(name) {
      const rpcName = name === "coinbase" ? "miner" : name;
      if ((block[rpcName] ?? null) === null) return undefined;
      const [, kind] = FIELDS.find(([known]) => known === name) ?? [];
      return (kind === "integer" ? quantityField : dataField)(block, rpcName);
    },
  };
}
