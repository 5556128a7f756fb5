import { readFileSync } from "node:fs";

import { expect } from "chai";

import { SealedHeader } from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { readBody } from "../../scripts/light-node/bodies.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { blockObject, receiptObject } from "../../scripts/light-node/rpc-objects.js";
import { RpcPeer } from "../../scripts/light-node/rpc-peer.js";

interface Recorded {
  readonly block: RpcObject;
  readonly receipts: readonly RpcObject[];
}

describe("light node's answers as JSON-RPC", () => {
  it("are what Besu answered, in every block of the recorded chain", async () => {
    const text = readFileSync("test/fixtures/besu-qbft/blocks.json", "utf8");
    const { recover } = await fastestRecover();
    let transactions = 0;
    for (const { block, receipts } of JSON.parse(text) as Recorded[]) {
      const answers: Readonly<Record<string, unknown>> = {
        eth_getBlockByNumber: block,
        eth_getBlockReceipts: receipts,
      };
      const peer = new RpcPeer("the recording", (method) => Promise.resolve(answers[method]));
      const body = await readBody(peer, SealedHeader.fromRpc(block));
      // the one field that no root covers
      const { totalDifficulty: _, ...proven } = block;
      expect(blockObject(body, recover, true)).to.deep.equal(proven);
      expect(receipts.map((_receipt, place) => receiptObject(body, place, recover))).to.deep.equal(receipts);
      transactions += receipts.length;
    }
    expect(transactions).to.be.above(2);
  });
});
