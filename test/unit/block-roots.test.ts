import { readFile } from "node:fs/promises";

import { expect } from "chai";
import fc from "fast-check";
import { encodeRlp, hexlify, keccak256, Transaction, Wallet, type TransactionLike } from "ethers";

import { rpcBlockHash } from "../../light/header.js";
import { orderedTrieRoot } from "../../light/ordered-trie.js";
import { BloomQuestion } from "../../light/receipts.js";
import { rlpBytes, type RlpItem } from "../../light/rlp.js";
import { bytesOfHex, dataField, numberField, type RpcObject } from "../../light/rpc-fields.js";
import { parityOf, signedBytes, transactionBytes, transactionsRootOf } from "../../light/transactions.js";
import { isCommonwattError } from "../../sdk/errors.js";

interface RecordedBlock {
  readonly block: RpcObject & { readonly transactions?: readonly (RpcObject | string)[] };
}

describe("What headers commit to", () => {
  let recorded: RecordedBlock[];

  before(async () => {
    const path = new URL("../fixtures/besu-qbft/blocks.json", import.meta.url);
    recorded = JSON.parse(await readFile(path, "utf8")) as RecordedBlock[];
  });

  it("is computed as a real Besu chain has it: hashes of QBFT headers, roots of transactions", () => {
    let lists = 0;
    for (const { block } of recorded) {
      expect(rpcBlockHash(block)).to.equal(block["hash"]);
      const sent = (block.transactions ?? []).filter((transaction) => typeof transaction === "object");
      if (sent.length === 0) continue;
      lists += 1;
      expect(transactionsRootOf(sent)).to.equal(block["transactionsRoot"]);
    }
    expect(lists).to.be.greaterThan(5);
  });

  it("RLP is what ethers makes of the same", () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
      item: fc.oneof({ maxDepth: 4 }, bytes, fc.array(tie("item"), { maxLength: 20 })),
    }));
    const hex = (value: RlpItem): never =>
      (value instanceof Uint8Array ? hexlify(value) : value.map(hex)) as unknown as never;
    fc.assert(fc.property(item, (value) => hexlify(rlpBytes(value)) === encodeRlp(hex(value))));
    for (const length of [55, 56, 255, 256, 65_535, 65_536]) {
      const long = new Uint8Array(length).fill(200);
      expect(hexlify(rlpBytes([long, []]))).to.equal(encodeRlp([hexlify(long), []]));
    }
  });

  it("a root depends on each value and its place", () => {
    for (const count of [1, 2, 16, 17, 127, 128, 129, 300]) {
      const values = Array.from({ length: count }, (_, place) => Uint8Array.from([200, place % 256, place >> 8]));
      const roots = new Set(values.map((_, place) => orderedTrieRoot(values.with(place, Uint8Array.from([7])))));
      expect(roots.size).to.equal(count);
      expect(roots.has(orderedTrieRoot(values))).to.equal(false);
    }
    expect(orderedTrieRoot([])).to.equal(keccak256("0x80"));
  });

  it("encodes transactions of all types as their senders signed them", async () => {
    const wallet = Wallet.createRandom();
    const common = { to: wallet.address, value: 5n, data: "0x1234", nonce: 0, gasLimit: 21_000n, chainId: 410_001n };
    const accessList = [{ address: wallet.address, storageKeys: [`0x${"0a".repeat(32)}`] }];
    const kinds: TransactionLike[] = [
      { ...common, type: 0, gasPrice: 0n },
      { ...common, type: 1, gasPrice: 7n, accessList },
      { ...common, type: 2, maxFeePerGas: 9n, maxPriorityFeePerGas: 1n, accessList },
    ];
    for (const kind of kinds) {
      const serialized = await wallet.signTransaction(kind);
      const sent = Transaction.from(serialized);
      const { signature } = sent;
      const quantity = (value: bigint | number | null | undefined): string => `0x${BigInt(value ?? 0).toString(16)}`;
      const rpc = {
        ...{ type: quantity(sent.type), to: sent.to, value: quantity(sent.value), input: sent.data },
        ...{ nonce: quantity(sent.nonce), gas: quantity(sent.gasLimit), gasPrice: quantity(sent.gasPrice) },
        maxFeePerGas: quantity(sent.maxFeePerGas),
        maxPriorityFeePerGas: quantity(sent.maxPriorityFeePerGas),
        ...{ chainId: quantity(sent.chainId), accessList: sent.accessList ?? [] },
        v: quantity(sent.type === 0 ? signature?.networkV : signature?.yParity),
        r: quantity(BigInt(signature?.r ?? 0)),
        s: quantity(BigInt(signature?.s ?? 0)),
      };
      expect(hexlify(transactionBytes(rpc)), `type ${String(kind.type)}`).to.equal(serialized);
      expect(keccak256(signedBytes(rpc) ?? "0x"), `type ${String(kind.type)}`).to.equal(sent.unsignedHash);
      expect(parityOf(rpc)).to.equal(signature?.yParity);
    }
  });

  it("a filter never says no to what was put in", () => {
    const { block } = recorded.find((one) => /[1-9a-f]/.test(String(one.block["logsBloom"]).slice(2))) as RecordedBlock;
    const bloom = dataField(block, "logsBloom");
    expect(new BloomQuestion(`0x${"99".repeat(20)}`).mayBeIn(bloom)).to.equal(false);
    expect(new BloomQuestion(`0x${"99".repeat(20)}`).mayBeIn(new Uint8Array(256).fill(255))).to.equal(true);
  });

  it("refuses fields that are no hex, by name", () => {
    for (const read of [
      () => dataField({ input: "0xzz" }, "input"),
      () => dataField({ input: "0x123" }, "input"),
      () => numberField({ number: "0xffffffffffffffffff" }, "number"),
      () => bytesOfHex("0x1g", "topics"),
    ]) {
      expect(read)
        .to.throw()
        .that.satisfies((error: unknown) => isCommonwattError(error, "AnswerFieldInvalid"));
    }
  });
});
