import { expect } from "chai";
import { getBytes, hexlify, id, Wallet } from "ethers";

import { RecordKind, sealWish, type SealedRequest, type Vault, type Wish } from "../../sdk/vault/index.js";
import { BILLS, codeOf, granteeOf, slot, vaultWorld, type VaultWorld } from "../utils/vault.js";

const WISH: Wish = { scope: { kind: RecordKind.Bill }, purpose: "a loan", seconds: 1_000n };

describe("vault requests", () => {
  let world: VaultWorld;
  let vault: Vault;
  let bank: Awaited<ReturnType<typeof granteeOf>>;
  beforeEach(async () => {
    world = await vaultWorld();
    ({ vault } = world);
    bank = await granteeOf(world);
  });

  async function asked(wish: Wish = WISH, signer: Pick<Wallet, "getAddress" | "signTypedData"> = bank.account) {
    const { contracts } = world.chain;
    return sealWish({ contracts, directory: world.parts.directory, signer }, vault.owner, wish);
  }

  function carry({ request, ciphertext }: Pick<SealedRequest, "request" | "ciphertext">): void {
    const before = world.chain.requests.get(vault.owner) ?? [];
    world.chain.requests.set(vault.owner, [...before, { request, ciphertext: getBytes(ciphertext) }]);
  }

  it("reach their owner alone, and are granted by one call", async () => {
    const { record } = await vault.put(BILLS);
    await vault.put({ kind: RecordKind.Trip, slots: [slot("to", "the lake")] });
    const sealed = await asked();
    expect(sealed.ciphertext.toLowerCase()).to.not.contain(bank.account.address.slice(2).toLowerCase());
    carry(sealed);
    expect((await vault.requests())[0]).to.deep.include({
      request: sealed.request,
      wish: { ...WISH, asker: bank.account.address },
    });
    const grantId = await vault.accept(sealed.request);
    const { terms, shared } = await bank.grantee.open(grantId);
    expect(terms).to.deep.include({ scope: WISH.scope, purpose: WISH.purpose, grantee: bank.account.address });
    expect(shared.map((one) => one.record)).to.deep.equal([record]);
    expect((await vault.requests())[0]?.answer).to.deep.equal({ grantId });
    expect(await codeOf(vault.accept(sealed.request))).to.equal("VaultRequestAnswered");
    world.chain.now += WISH.seconds;
    expect(await codeOf(bank.grantee.read(grantId, record))).to.equal("VaultGrantNotRunning");
  });

  it("are declined, and then granted no more", async () => {
    const sealed = await asked();
    carry(sealed);
    await vault.decline(sealed.request);
    expect((await vault.requests())[0]?.answer).to.deep.equal({});
    expect(await codeOf(vault.accept(sealed.request))).to.equal("VaultRequestAnswered");
    expect(await codeOf(vault.accept(id("no request")))).to.equal("VaultRequestUnknown");
    expect(await vault.grants()).to.deep.equal([]);
  });

  it("open also after a rotation", async () => {
    const sealed = await asked();
    carry(sealed);
    await vault.rotate();
    expect((await vault.requests())[0]?.wish?.purpose).to.equal("a loan");
  });

  it("count for nothing when they are noise, are moved, changed, or signed by another than they name", async () => {
    const sealed = await asked();
    const forger = { signTypedData: new Wallet(id("forger")), getAddress: () => bank.account.getAddress() };
    const forged = await asked(WISH, {
      getAddress: forger.getAddress,
      signTypedData: (...message) => forger.signTypedData.signTypedData(...message),
    });
    const changed = getBytes(sealed.ciphertext);
    changed[40] = (changed[40] ?? 0) ^ 1;
    const noise: Pick<SealedRequest, "request" | "ciphertext">[] = [
      forged,
      { request: id("moved"), ciphertext: sealed.ciphertext },
      { request: sealed.request, ciphertext: hexlify(changed) },
      { request: id("short"), ciphertext: "0x1234" },
      { request: id("low order"), ciphertext: hexlify(new Uint8Array(300)) },
    ];
    noise.forEach(carry);
    for (const { request, wish } of await vault.requests()) expect(wish, request).to.equal(undefined);
    expect(await codeOf(vault.accept(forged.request))).to.equal("VaultRequestUnreadable");
    await vault.decline(forged.request);
  });

  it("need an owner with a key, and a purpose that fits", async () => {
    expect(await codeOf(asked({ ...WISH, purpose: "x".repeat(801) }))).to.equal("VaultPurposeTooLong");
    expect(hexlify(getBytes((await asked({ ...WISH, purpose: "x".repeat(800) })).ciphertext)).length).to.be.lessThan(
      2 + 2 * 2_048,
    );
    const { contracts } = world.chain;
    const parts = { contracts, directory: world.parts.directory, signer: bank.account };
    expect(await codeOf(sealWish(parts, contracts.personalRecords, WISH))).to.equal("VaultKeyMissing");
  });
});
