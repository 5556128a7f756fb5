import { Address, hexToBytes } from "@ethereumjs/util";
import { expect } from "chai";
import { toBeHex } from "ethers";

import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";
import { CALL_LIMITS, CallBudget } from "../../scripts/light-node/call/budget.js";
import { CallState } from "../../scripts/light-node/call/call-state.js";
import { CodeStore, ProvenState } from "../../scripts/light-node/call/proven-state.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { simulatedRules, simulatedStart } from "../utils/light-peer.js";
import { chainAsk } from "../utils/light-rpc.js";
import { openStage, type Stage } from "../utils/light-stage.js";

import "../../scripts/fast-keccak.js";

const SIZE = 4;
const OTHER = toBeHex(7, 20);

describe("state that a light node's calls run on", () => {
  let stage: Stage;
  let proven: ProvenState;
  const budget = (): CallBudget => new CallBudget(CALL_LIMITS);

  before(async () => {
    const keys = new NodeKeys(SIZE, "call state");
    const written = rotatingSets(keys, { size: SIZE, changes: 0, everyBlocks: 1, seed: 1 });
    const chain = await LightChain.make({ chainId: 9, written, keys, head: 1, startsAt: 1_900_000_000, seed: 1 });
    const rules = simulatedRules(chain, (await fastestRecover()).recover);
    stage = openStage({ honest: chainAsk(chain) }, { chain, rules, start: await simulatedStart(chain, rules) });
    proven = new ProvenState(stage, chain.header(0), new CodeStore());
  });

  after(() => stage.store.close());

  it("tells words of one contract from another's, once they are proven", async () => {
    expect(await proven.word(SIMULATED_ELECTION, 0n, budget())).to.equal(BigInt(SIZE));
    expect((await proven.account(OTHER, budget()))?.balance).to.equal(7n);
    expect(await proven.word(OTHER, 0n, budget())).to.equal(0n);
  });

  it("takes back what a reverted frame changed, and that alone", async () => {
    const state = new CallState(proven, budget());
    const election = new Address(hexToBytes(SIMULATED_ELECTION));
    const other = new Address(hexToBytes(OTHER as `0x${string}`));
    const slot = new Uint8Array(32);
    const word = async (): Promise<number[]> => [...(await state.getStorage(election, slot))];
    const balance = async (): Promise<bigint | undefined> => (await state.getAccount(other))?.balance;
    await state.checkpoint();
    await state.putStorage(election, slot, Uint8Array.of(5));
    await state.modifyAccountFields(other, { balance: 8n });
    await state.checkpoint();
    await state.putStorage(election, slot, Uint8Array.of(6));
    await state.deleteAccount(other);
    expect([await word(), await balance()]).to.deep.equal([[6], undefined]);
    await state.revert();
    expect([await word(), await balance()]).to.deep.equal([[5], 8n]);
    await state.checkpoint();
    await state.modifyAccountFields(other, { balance: 9n });
    await state.commit();
    expect(await balance()).to.equal(9n);
    await state.revert();
    expect([await word(), await balance()]).to.deep.equal([[SIZE], 7n]);
    // the price of a change goes by what was there before the call
    await state.putStorage(election, slot, Uint8Array.of(1));
    expect([...(await state.originalStorageCache.get(election, slot))]).to.deep.equal([SIZE]);
  });
});
