import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { expect } from "chai";
import { getBytes, hexlify, toUtf8Bytes } from "ethers";

import { bytesOf } from "../../sdk/vault/bytes.js";
import { EncryptionKey, isLowOrderPoint, PATHS, Recipient, SUITE, VaultWallet } from "../../sdk/vault/index.js";
import { codeOf, OWNER_PHRASE } from "../utils/vault.js";

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
type KeyPair = Readonly<Record<"publicKey" | "privateKey", Key>>;

describe("vault primitives", () => {
  describe("HPKE as RFC 9180, appendix A.2 (X25519, HKDF-SHA256, ChaCha20-Poly1305), base mode", () => {
    const info = bytesOf("0x4f6465206f6e2061204772656369616e2055726e");
    const clear = bytesOf("0x4265617574792069732074727574682c20747275746820626561757479");
    const enc = "0x1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
    const sealed = [
      "0x1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
      "0x6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c",
    ];
    const derive = async (ikm: string): Promise<KeyPair> => (await SUITE.kem.deriveKeyPair(bytesOf(ikm))) as KeyPair;
    const ephemeral = () => derive("0x909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b");
    const recipient = () => derive("0x1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df");

    it("derives the keys", async () => {
      const publicKeys = await Promise.all(
        [await ephemeral(), await recipient()].map(async ({ publicKey }) =>
          hexlify(new Uint8Array(await SUITE.kem.serializePublicKey(publicKey))),
        ),
      );
      expect(publicKeys).to.deep.equal([enc, "0x4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"]);
    });

    it("seals, message by message", async () => {
      const { publicKey } = await recipient();
      const context = await SUITE.createSenderContext({ recipientPublicKey: publicKey, info, ekm: await ephemeral() });
      expect(hexlify(new Uint8Array(context.enc))).to.equal(enc);
      for (const [index, expected] of sealed.entries()) {
        expect(hexlify(new Uint8Array(await context.seal(clear, toUtf8Bytes(`Count-${index}`))))).to.equal(expected);
      }
    });

    it("opens, message by message", async () => {
      const context = await SUITE.createRecipientContext({ recipientKey: await recipient(), enc: bytesOf(enc), info });
      for (const [index, ciphertext] of sealed.entries()) {
        const opened = await context.open(bytesOf(ciphertext), toUtf8Bytes(`Count-${index}`));
        expect(hexlify(new Uint8Array(opened))).to.equal(hexlify(clear));
      }
    });
  });

  it("XChaCha20-Poly1305 as draft-irtf-cfrg-xchacha-03, appendix A.3.1", () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => 0x80 + index);
    const nonce = Uint8Array.from({ length: 24 }, (_, index) => 0x40 + index);
    const clear = toUtf8Bytes(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    const sealed = xchacha20poly1305(key, nonce, getBytes("0x50515253c0c1c2c3c4c5c6c7")).encrypt(clear);
    expect(hexlify(sealed)).to.equal(
      "0xbd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb" +
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452" +
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" +
        "21f9664c97637da9768812f615c68b13b52e" +
        "c0875924c1c7987947deafd8780acf49",
    );
  });

  describe("points of low order", () => {
    // https://cr.yp.to/ecdh.html, little-endian; the last two are p - 1 and p, with and without the bit that X25519 ignores
    const points = [
      `0x${"00".repeat(32)}`,
      `0x01${"00".repeat(31)}`,
      "0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "0x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      `0xec${"ff".repeat(30)}7f`,
      `0xed${"ff".repeat(30)}7f`,
      `0xee${"ff".repeat(30)}7f`,
      "0xcdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
      "0x4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
      `0xd9${"ff".repeat(31)}`,
      `0xda${"ff".repeat(31)}`,
      `0xdb${"ff".repeat(31)}`,
    ];
    const listed = points.slice(0, 7);

    it("are known, with the ignored bit set too", () => {
      for (const point of listed) {
        const other = getBytes(point);
        other[31] = (other[31] ?? 0) | 0x80;
        expect(isLowOrderPoint(getBytes(point)), point).to.equal(true);
        expect(isLowOrderPoint(other), point).to.equal(true);
      }
      expect(isLowOrderPoint(getBytes(`0x09${"00".repeat(31)}`))).to.equal(false);
    });

    it("are refused as recipients and as encapsulated keys", async () => {
      const key = await VaultWallet.fromPhrase(OWNER_PHRASE).encryptionKey(1n);
      for (const point of listed) {
        expect(await codeOf(Recipient.of(point))).to.equal("VaultLowOrderPoint");
        const wrapped = Uint8Array.from([...getBytes(point), ...new Uint8Array(48)]);
        expect(await codeOf(key.unwrap(wrapped, new Uint8Array()))).to.equal("VaultLowOrderPoint");
      }
    });

    it("end in zero by the platform's own X25519, whatever else is on that page: nothing is missed", async () => {
      for (const point of points) {
        const publicKey = (await SUITE.kem.deserializePublicKey(bytesOf(point))) as Key;
        const isZero = await SUITE.seal({ recipientPublicKey: publicKey }, new Uint8Array(1)).then(
          () => false,
          () => true,
        );
        expect(isLowOrderPoint(getBytes(point)), point).to.equal(isZero);
      }
    });
  });

  describe("wallet", () => {
    const wallet = VaultWallet.fromPhrase(OWNER_PHRASE);

    it("derives by the documented paths, for good", async () => {
      expect(PATHS.account("user", 0n)).to.equal("m/17239'/0'/0'");
      expect(PATHS.account("transaction", 0n)).to.equal("m/17239'/1'/0'");
      expect(PATHS.encryption(1n)).to.equal("m/17239'/2'/1'");
      expect(PATHS.vehicle(3n, 9n)).to.equal("m/17239'/3'/3'/9'");
      expect(wallet.account("user").path).to.equal("m/17239'/0'/0'");
      expect([
        wallet.account("user").address,
        wallet.account("transaction").address,
        (await wallet.encryptionKey(1n)).publicKey,
        wallet.vehicleKey(3n, 9n).address,
      ]).to.deep.equal(FIXED);
    });

    it("gives a different key at every path", async () => {
      const keys = [
        wallet.account("user").address,
        wallet.account("user", 1n).address,
        wallet.account("transaction").address,
        wallet.vehicleKey(0n, 0n).address,
        wallet.vehicleKey(0n, 1n).address,
        wallet.vehicleKey(1n, 0n).address,
        (await wallet.encryptionKey(1n)).publicKey,
        (await wallet.encryptionKey(2n)).publicKey,
      ];
      expect(new Set(keys).size).to.equal(keys.length);
    });

    it("refuses an index that is none", () => {
      expect(() => wallet.account("user", -1n)).to.throw(RangeError);
      expect(() => wallet.account("user", 2n ** 31n)).to.throw(RangeError);
    });

    it("makes phrases of 24 words, takes them in any case and spacing, and refuses others without saying a word of them", () => {
      const { phrase } = VaultWallet.create();
      expect(phrase.split(" ")).to.have.length(24);
      expect(VaultWallet.fromPhrase(`  ${phrase.toUpperCase().replaceAll(" ", "\n ")}`).phrase).to.equal(phrase);
      const wrong = `${"abandon ".repeat(23)}zoo`;
      let message = "";
      try {
        VaultWallet.fromPhrase(wrong);
      } catch (error) {
        message = `${(error as Error).message} ${(error as Error).stack ?? ""} ${String((error as Error).cause)}`;
      }
      expect(message).to.contain("VaultPhraseInvalid").and.not.contain("abandon").and.not.contain("zoo");
    });

    it("comes back from its keystore, and from no other", async () => {
      const keystore = await wallet.toKeystore("correct horse", 2);
      expect(keystore).to.not.contain("abandon");
      expect((await VaultWallet.fromKeystore(keystore, "correct horse")).phrase).to.equal(OWNER_PHRASE);
      expect(await codeOf(VaultWallet.fromKeystore(keystore, "wrong"))).to.equal("VaultKeystoreUnopened");
      expect(await codeOf(VaultWallet.fromKeystore(keystore.slice(0, -9), "correct horse"))).to.equal(
        "VaultKeystoreUnopened",
      );
      const changed = JSON.parse(keystore) as { "x-ethers"?: { mnemonicCiphertext: string } };
      if (changed["x-ethers"] !== undefined) changed["x-ethers"].mnemonicCiphertext = "00".repeat(32);
      expect(await codeOf(VaultWallet.fromKeystore(JSON.stringify(changed), "correct horse"))).to.equal(
        "VaultKeystoreForeign",
      );
      delete changed["x-ethers"];
      expect(await codeOf(VaultWallet.fromKeystore(JSON.stringify(changed), "correct horse"))).to.equal(
        "VaultKeystoreForeign",
      );
    });
  });

  it("nothing opens with another key, under another binding, or cut short", async () => {
    const [mine, other] = await Promise.all([1, 2].map((byte) => EncryptionKey.derive(new Uint8Array(32).fill(byte))));
    const wrapped = await (await Recipient.of(mine?.publicKey ?? "")).wrap(toUtf8Bytes("share"), toUtf8Bytes("here"));
    expect(await mine?.unwrap(wrapped, toUtf8Bytes("here"))).to.deep.equal(toUtf8Bytes("share"));
    expect(await other?.unwrap(wrapped, toUtf8Bytes("here"))).to.equal(undefined);
    expect(await mine?.unwrap(wrapped, toUtf8Bytes("there"))).to.equal(undefined);
    expect(await mine?.unwrap(wrapped.subarray(0, -1), toUtf8Bytes("here"))).to.equal(undefined);
    expect(await codeOf(mine?.unwrap(wrapped.subarray(0, 40), toUtf8Bytes("here")))).to.equal("VaultWrappingTruncated");
    expect(await codeOf(Recipient.of("0x1234"))).to.equal("VaultPublicKeyInvalid");
  });
});

/** Of BIP-39's phrase of 256 zero bits, computed by another program too (Python's hmac, by BIP-32 and RFC 9180): a change would lose all keys. */
const FIXED = [
  "0xE73bF637C3AF1CB64868DfEfA33AE582a50a57D7",
  "0xbDdA3c3187452CaAdb37f6e1D5637D41e0F3C789",
  "0x6bf8c0e5b180ab4aa4b2a2b154436724329ee05e23b6a35c83468c693a9fe852",
  "0x9042781Efda3207b418c88Ac06F0bBfC4F44e534",
];
