import { expect } from "chai";
import { recoverAddress, Signature, TypedDataEncoder, toBeHex, verifyTypedData, Wallet, ZeroAddress } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import { DeviceKind, ReadingStatus, Side } from "../../sdk/enums.js";
import { CommonwattError } from "../../sdk/errors.js";
import {
  certificateFor,
  certificateMessage,
  consentMessage,
  keyRotationMessage,
  ownerChangeMessage,
  possessionMessage,
  serialHash,
} from "../../sdk/signing/devices.js";
import { bilateralMessage, orderDigest, signBilateral, signOrder, trimProfile } from "../../sdk/signing/orders.js";
import { permitMessage } from "../../sdk/signing/permit.js";
import {
  bySignature,
  MAX_SERIES,
  readingDigest,
  readingMessage,
  seriesMessage,
  seriesOf,
  signedDigest,
  signReading,
  signSeries,
} from "../../sdk/signing/readings.js";
import { digestOf, sign, type SigningDomain, type TypedMessage } from "../../sdk/signing/typed-data.js";
import {
  BilateralContracts__factory,
  EnergyCredit__factory,
  EnergyMarket__factory,
  MeterLedger__factory,
} from "../../typechain-types/index.js";

const KEY = `0x${"11".repeat(32)}`;
const MODEL = `0x${"22".repeat(32)}`;

const reading = {
  meter: 7n,
  slot: 409_394n,
  importWh: 1_250n,
  exportWh: 3n,
  status: ReadingStatus.Actual,
  sequence: 2n,
};
const order = {
  meter: 7n,
  side: Side.Sell,
  firstSlot: 409_394n,
  wh: [100n, 0n, 300n],
  limits: [120_000n, 0n, 130_000n],
  nonce: 5n,
  relayDeadline: 1_473_854_400n,
};
const terms = {
  buyMeter: 1n,
  sellMeter: 2n,
  firstSlot: 409_394n,
  price: 200_000n,
  wh: [100n, 50n],
  nonce: 9n,
  acceptDeadline: 1_473_854_400n,
};

/** Whom the compact signature names. */
function signerOf(digest: string, { r, vs }: { r: string; vs: string }): string {
  return recoverAddress(digest, Signature.from({ r, yParityAndS: vs }));
}

describe("signing", () => {
  const wallet = new Wallet(KEY);

  describe("of readings", () => {
    const uint = (bits: number) => fc.bigInt(0n, (1n << BigInt(bits)) - 1n);
    const anyReading = fc.record({
      meter: uint(32),
      slot: uint(32),
      importWh: uint(32),
      exportWh: uint(32),
      status: fc.constantFrom(ReadingStatus.Actual, ReadingStatus.Estimated, ReadingStatus.Corrected),
      sequence: uint(8),
    });
    const anyLedger = fc.record({
      chainId: fc.oneof(fc.nat(), uint(64)),
      verifyingContract: uint(160).map((value) => toBeHex(value, 20)),
    });

    it("encodes digests by hand as ethers does from the types", () => {
      fc.assert(
        fc.property(anyLedger, fc.array(anyReading, { minLength: 0, maxLength: MAX_SERIES }), (ledger, readings) => {
          const [first] = readings;
          if (first !== undefined)
            expect(readingDigest(ledger, first)).to.equal(digestOf(readingMessage(ledger, first)));
          const message =
            readings.length === 1 && first ? readingMessage(ledger, first) : seriesMessage(ledger, readings);
          expect(signedDigest(ledger, readings)).to.equal(digestOf(message));
          expect(signedDigest(ledger, readings), "from memory").to.equal(digestOf(message));
        }),
        { numRuns: 200 },
      );
    });

    it("refuses values that don't fit, as ethers does", () => {
      const ledger = { chainId: 1, verifyingContract: ZeroAddress };
      for (const wrong of [{ meter: 1n << 32n }, { slot: -1n }, { importWh: 1n << 40n }, { sequence: 256n }]) {
        const bad = { ...reading, ...wrong };
        expect(() => readingDigest(ledger, bad)).to.throw(RangeError, "is no value");
        expect(() => signedDigest(ledger, [reading, bad])).to.throw(RangeError);
        expect(() => digestOf(readingMessage(ledger, bad))).to.throw();
      }
    });
  });

  describe("against the contracts", () => {
    async function deployed() {
      const { ethers } = await hre.network.create({ network: "embeddedTransaction", chainType: "l1" });
      const [deployer] = await ethers.getSigners();
      if (deployer === undefined) throw new Error("no signer");
      const none = ZeroAddress;
      const { chainId } = await ethers.provider.getNetwork();
      const at = async (contract: { getAddress(): Promise<string> }): Promise<SigningDomain> => ({
        chainId,
        verifyingContract: await contract.getAddress(),
      });
      return { deployer, none, at };
    }

    it("readings have the ledger's digest", async () => {
      const { deployer, none, at } = await deployed();
      const ledger = await new MeterLedger__factory(deployer).deploy(none, none, none, none, none, none);
      const domain = await at(ledger);
      const signed = await signReading(wallet, domain, reading);
      const digest = await ledger.digestOf(signed);
      expect(readingDigest(domain, reading)).to.equal(digest);
      expect(signerOf(digest, signed)).to.equal(wallet.address);
    });

    it("cover a series of readings by the signature of the last", async () => {
      const domain: SigningDomain = { chainId: 1n, verifyingContract: ZeroAddress };
      const readings = [0n, 1n, 2n].map((later) => ({ ...reading, slot: reading.slot + later }));
      const single = await signReading(wallet, domain, reading);
      const series = await signSeries(wallet, domain, readings);
      expect(bySignature([single, ...series, single])).to.deep.equal([[single], series, [single]]);
      expect(bySignature(series.slice(0, 2))).to.deep.equal([series.slice(0, 2)]);
      expect(signerOf(signedDigest(domain, readings), series[2] ?? single)).to.equal(wallet.address);
      expect(signerOf(signedDigest(domain, readings.slice(1)), series[2] ?? single)).to.not.equal(wallet.address);
      expect(await signSeries(wallet, domain, [reading])).to.deep.equal([single]);
    });

    it("put consecutive slots into a series, up to eight", () => {
      const at = (slots: bigint[]): (typeof reading)[] => slots.map((slot) => ({ ...reading, slot }));
      const runs = seriesOf(at([1n, 2n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n]));
      expect(runs.map((run) => run.map(({ slot }) => slot))).to.deep.equal([
        [1n, 2n],
        [4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n],
        [12n],
      ]);
    });

    it("orders have the market's digest", async () => {
      const { deployer, none, at } = await deployed();
      const market = await new EnergyMarket__factory(deployer).deploy(none, {
        federation: none,
        devices: none,
        topology: none,
        calendar: none,
        rules: none,
        ledger: none,
        escrow: none,
      });
      const domain = await at(market);
      const digest = await market.digestOf(order);
      expect(orderDigest(domain, order)).to.equal(digest);
      expect(signerOf(digest, await signOrder(wallet, domain, order))).to.equal(wallet.address);
    });

    it("bilateral contracts have their digest", async () => {
      const { deployer, none, at } = await deployed();
      const contracts = await new BilateralContracts__factory(deployer).deploy({
        market: none,
        topology: none,
        tariffs: none,
        rules: none,
        escrow: none,
      });
      const domain = await at(contracts);
      const digest = await contracts.digestOf(terms);
      expect(digestOf(bilateralMessage(domain, terms))).to.equal(digest);
      const seller = new Wallet(`0x${"33".repeat(32)}`);
      const signed = await signBilateral(domain, { terms, buyer: wallet, seller });
      expect(signerOf(digest, signed.buyer)).to.equal(wallet.address);
      expect(signerOf(digest, signed.seller)).to.equal(seller.address);
    });

    it("permits are taken by the credit", async () => {
      const { deployer, none, at } = await deployed();
      const credit = await new EnergyCredit__factory(deployer).deploy(none);
      const permit = { owner: wallet.address, spender: deployer.address, value: 5n, nonce: 0n, deadline: 2n ** 60n };
      const { v, r, s } = Signature.from(await sign(wallet, permitMessage(await at(credit), permit)));
      await credit.permit(permit.owner, permit.spender, permit.value, permit.deadline, v, r, s);
      expect(await credit.allowance(wallet.address, deployer.address)).to.equal(5n);
    });
  });

  describe("of devices", () => {
    const registry: SigningDomain = { chainId: 31_337n, verifyingContract: `0x${"44".repeat(20)}` };
    const owner = `0x${"55".repeat(20)}`;
    const certificate = certificateFor(registry, {
      maker: wallet.address,
      deviceKey: owner,
      kind: DeviceKind.Meter,
      model: MODEL,
      serialHash: MODEL,
      validFrom: 1n,
      validUntil: 2n,
    });
    // the type strings that DeviceMessages.sol hashes
    const messages: Record<string, TypedMessage> = {
      "Certificate(address maker,address deviceKey,uint8 kind,bytes32 model,bytes32 serialHash,uint64 validFrom,uint64 validUntil,uint256 chainId,address registry)":
        certificateMessage(registry, certificate),
      "Possession(address deviceKey,address owner)": possessionMessage(registry, { deviceKey: owner, owner }),
      "Consent(address deviceKey,address owner,uint64 deadline)": consentMessage(registry, {
        deviceKey: owner,
        owner,
        deadline: 3n,
      }),
      "KeyRotation(uint32 device,address newKey,uint32 nonce)": keyRotationMessage(registry, {
        device: 1n,
        newKey: owner,
        nonce: 0n,
      }),
      "OwnerChange(uint32 device,address from,address to,uint32 nonce,uint64 deadline)": ownerChangeMessage(registry, {
        device: 1n,
        from: owner,
        to: wallet.address,
        nonce: 0n,
        deadline: 3n,
      }),
    };

    for (const [type, message] of Object.entries(messages)) {
      it(`have the type ${type.slice(0, type.indexOf("("))} as the registry`, async () => {
        expect(TypedDataEncoder.from(message.types).encodeType(type.slice(0, type.indexOf("(")))).to.equal(type);
        const signature = await sign(wallet, message);
        expect(verifyTypedData(message.domain, message.types, message.value, signature)).to.equal(wallet.address);
      });
    }

    it("bind a certificate to its chain and registry", () => {
      expect(certificate.chainId).to.equal(31_337n);
      expect(certificate.registry).to.equal(registry.verifyingContract);
    });

    it("hide serials behind the maker's key", () => {
      const secret = Uint8Array.of(1, 2, 3);
      expect(serialHash(secret, "CW-1")).to.equal(serialHash(secret, "CW-1"));
      expect(serialHash(secret, "CW-1")).to.not.equal(serialHash(Uint8Array.of(1, 2, 4), "CW-1"));
      expect(serialHash(secret, "CW-1")).to.not.equal(serialHash(secret, "CW-2"));
    });
  });

  describe("of profiles", () => {
    const domain: SigningDomain = { chainId: 1n, verifyingContract: ZeroAddress };

    it("cuts empty ends", () => {
      expect(trimProfile(10n, [0n, 5n, 0n, 7n, 0n], [1n, 2n, 3n, 4n, 5n])).to.deep.equal({
        firstSlot: 11n,
        wh: [5n, 0n, 7n],
        limits: [2n, 3n, 4n],
      });
      expect(trimProfile(10n, [0n, 0n], [1n, 1n])).to.equal(undefined);
    });

    const bad: Record<string, Partial<typeof order>> = {
      "no slot": { wh: [], limits: [] },
      "too many slots": { wh: Array<bigint>(129).fill(1n), limits: Array<bigint>(129).fill(1n) },
      "fewer prices than slots": { limits: [1n] },
      "no energy in the first slot": { wh: [0n, 1n, 1n] },
      "no energy in the last slot": { wh: [1n, 1n, 0n] },
    };
    for (const [fault, change] of Object.entries(bad)) {
      it(`is refused with ${fault}`, async () => {
        let code = "signed";
        try {
          await signOrder(wallet, domain, { ...order, ...change });
        } catch (error) {
          code = error instanceof CommonwattError ? error.code : String(error);
        }
        expect(code).to.equal("OrderProfileInvalid");
      });
    }
  });
});
