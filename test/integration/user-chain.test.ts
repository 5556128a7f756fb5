import { expect } from "chai";
import { concat, hexlify, id, sha256, type Log, type Provider, type Wallet } from "ethers";

import { keyFromSeed } from "../../scripts/networks/keys.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import { admitMember, admitUser, credentialCommitment, expel } from "../../sdk/actions/federation.js";
import { accessRequestsOf, grantHistoryOf, grantsOf } from "../../sdk/actions/grant-history.js";
import {
  answerAccessRequest,
  grantAccess,
  grantCountsOf,
  grantStateOf,
  isGrantRunning,
  recordGrantsOf,
  relayAccessRequest,
  renewGrant,
  requestStatusOf,
  revokeGrant,
  shareUnderGrant,
} from "../../sdk/actions/grants.js";
import {
  encryptionKeyAt,
  encryptionKeyOf,
  publishEncryptionKey,
  revokeEncryptionKey,
  signEncryptionKey,
  signKeyRevocation,
  submitKeyRevocation,
} from "../../sdk/actions/key-directory.js";
import {
  eraseRecord,
  MAX_RECORD_BATCH,
  putRecord,
  putRecords,
  recordHistoriesOf,
  recordHistoryOf,
  recordStateOf,
  rewrapRecords,
} from "../../sdk/actions/personal-records.js";
import { withSigner, type UserChain } from "../../sdk/connect.js";
import { MemberRole, RecordKind, RequestStatus } from "../../sdk/enums.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { latestHead } from "../../sdk/latest-head.js";
import type { NewRecordVersion } from "../../sdk/record-history.js";
import { grantIdOf, grantTag } from "../../sdk/signing/grants.js";

const SEED = 23;
const GENESIS = 1_473_638_400n;
const DAY = 86_400n;

/** The code that a promise fails with. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isCommonwattError(error)) return error.code;
    throw error;
  }
  throw new Error("it did not fail");
}

/** Stands for a ciphertext: what the contracts see of one. */
function sealed(seed: string, bytes: number): string {
  const words = Array.from({ length: Math.ceil(bytes / 32) }, (_, place) => id(`${seed}/${place}`));
  return hexlify(concat(words)).slice(0, 2 + 2 * bytes);
}

function version(name: string, number: bigint, kind: NewRecordVersion["kind"] = RecordKind.Bill): NewRecordVersion {
  return {
    record: id(name),
    version: number,
    kind,
    commitment: id(`commitment ${name}/${number}`),
    locator: concat(["0x01", sha256(sealed(`content ${name}/${number}`, 200))]),
    wrapped: sealed(`wrapped ${name}/${number}`, 80),
  };
}

/** A connection whose node leaves out or alters logs. */
function lying(chain: UserChain, alter: (logs: Log[]) => Log[]): UserChain {
  const provider = new Proxy(chain.provider, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name === "getLogs")
        return async (...args: Parameters<Provider["getLogs"]>) => alter(await target.getLogs(...args));
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...chain, provider };
}

describe("the user chain", () => {
  let network: EmbeddedNetwork;
  let now: bigint;
  const [alice, bob, bank, relayer, registrar] = ["alice", "bob", "bank", "relayer", "registrar"].map((name) =>
    keyFromSeed(SEED, "user", name),
  ) as [Wallet, Wallet, Wallet, Wallet, Wallet];

  before(async function () {
    this.timeout(180_000);
    network = await openEmbedded({ seed: SEED, slotSeconds: 3_600, genesisTime: GENESIS });
    await network.fund(
      "user",
      [alice, bob, bank, relayer, registrar].map(({ address }) => address),
    );
    const { council } = network.operators.user;
    await admitMember(as(council), { member: registrar.address, roles: [MemberRole.Registrar] });
    for (const { address } of [alice, bob, bank, relayer]) {
      const commitment = credentialCommitment(id(`salt ${address}`), id(`credential ${address}`));
      await admitUser(as(registrar), { user: address, credentialCommitment: commitment });
    }
    now = (await latestHead(network.user.provider)).timestamp;
  });

  after(() => network.close());

  const as = (key: Wallet): UserChain => withSigner(network.user, key);

  describe("personal records", () => {
    it("come back from events as they were written, held to the chain's head", async () => {
      const [first, second] = [version("profile", 1n), version("profile", 2n)];
      await putRecord(as(alice), first);
      await putRecord(as(alice), second);
      const history = await recordHistoryOf(network.user, { owner: alice.address, record: first.record });
      const state = await recordStateOf(network.user, { owner: alice.address, record: first.record });
      expect(history?.versions.map(({ writtenAt: _, ...written }) => written)).to.deep.equal([first, second]);
      expect(history?.head).to.equal(state?.head);
      expect(history?.versions[1]?.writtenAt).to.equal(state?.changedAt);
      expect(state).to.include({ kind: RecordKind.Bill, version: 2n, isErased: false });
    });

    it("show a node that leaves out, alters or swaps events", async () => {
      const name = { owner: alice.address, record: id("profile") };
      const lies: readonly ((logs: Log[]) => Log[])[] = [
        (logs) => logs.slice(1),
        (logs) => logs.slice(0, 1),
        () => [],
        (logs) => logs.toReversed(),
        (logs) => [...logs, ...logs.slice(-1)],
        ([log, ...rest]) => (log ? [tampered(log), ...rest] : rest),
      ];
      for (const lie of lies) {
        expect(await failureOf(recordHistoryOf(lying(network.user, lie), name))).to.equal("RecordHistoryMismatch");
      }
      expect(
        (
          await recordHistoryOf(
            lying(network.user, (logs) => logs),
            name,
          )
        )?.versions,
      ).to.have.length(2);
    });

    /** One byte of the wrapped share is another. */
    function tampered(log: Log): Log {
      const at = log.data.length - 2 - 2 * 16 - 2; // the share's last byte, before the padding of 80 to 96 bytes
      const byte = log.data.slice(at, at + 2) === "ff" ? "00" : "ff";
      const data = log.data.slice(0, at) + byte + log.data.slice(at + 2);
      return new Proxy(log, { get: (target, key) => (key === "data" ? data : (Reflect.get(target, key) as unknown)) });
    }

    it("are written fifty at a time, and rewrapped fifty at a time", async () => {
      const names = Array.from({ length: MAX_RECORD_BATCH }, (_, place) => `readings ${place}`);
      await putRecords(
        as(bob),
        names.map((name) => version(name, 1n, RecordKind.Readings)),
      );
      const rewrappings = names.map((name) => ({ record: id(name), version: 1n, wrapped: sealed(`anew ${name}`, 80) }));
      await rewrapRecords(as(bob), rewrappings);
      const histories = await recordHistoriesOf(network.user, bob.address);
      expect(histories.map(({ record }) => record)).to.deep.equal(names.map((name) => id(name)));
      expect(histories.map(({ rewrapped }) => rewrapped.get(1n))).to.deep.equal(
        rewrappings.map(({ wrapped }) => wrapped),
      );
    });

    it("end with their erasure, which says when and by whose receipts", async () => {
      const written = version("trip", 1n, RecordKind.Trip);
      const name = { owner: alice.address, record: written.record };
      await putRecord(as(alice), written);
      await eraseRecord(as(alice), { record: written.record, receiptsHash: id("receipts") });
      const [history, state] = [await recordHistoryOf(network.user, name), await recordStateOf(network.user, name)];
      expect(history?.erasure).to.deep.equal({ erasedAt: state?.changedAt, receiptsHash: id("receipts") });
      expect(state?.isErased).to.equal(true);
      expect(await failureOf(putRecord(as(alice), version("trip", 2n, RecordKind.Trip)))).to.equal(
        "PersonalRecordsErased",
      );
      const hideErasure = (logs: Log[]) => logs.slice(0, 1);
      expect(await failureOf(recordHistoryOf(lying(network.user, hideErasure), name))).to.equal(
        "RecordHistoryMismatch",
      );
    });

    it("of nobody else are anybody's to write: no council, registrar, member or foreign account", async () => {
      const { council, accountant1, deployer } = network.operators.user;
      const before = await recordStateOf(network.user, { owner: alice.address, record: id("profile") });
      for (const other of [council, accountant1, deployer, registrar, bob]) {
        const erasure = { record: id("profile"), receiptsHash: id("receipts") };
        expect(await failureOf(eraseRecord(as(other), erasure))).to.be.oneOf([
          "PersonalRecordsInactive",
          "PersonalRecordsUnknown",
        ]);
      }
      const transactionKey = keyFromSeed(SEED, "transaction", "alice");
      await network.fund("user", [transactionKey.address]);
      expect(await failureOf(putRecord(as(transactionKey), version("profile", 1n)))).to.equal(
        "PersonalRecordsInactive",
      );
      const after = await recordStateOf(network.user, { owner: alice.address, record: id("profile") });
      expect(after).to.deep.equal(before);
    });

    it("that were never written have no state and no history", async () => {
      const name = { owner: alice.address, record: id("nothing") };
      expect(await recordStateOf(network.user, name)).to.equal(undefined);
      expect(await recordHistoryOf(network.user, name)).to.equal(undefined);
    });
  });

  describe("grants", () => {
    const blind = id("random blind");
    const commitments = { scopeHash: id("scope"), purposeHash: id("purpose") };
    let grantId: string;

    function tag(): string {
      return grantTag(recordGrantsOf(network.user), { owner: alice.address, grantee: bank.address, blind });
    }

    it("answer a request that another account carried, and never name the grantee", async () => {
      const request = id("random request");
      const asked = { owner: alice.address, request, ciphertext: sealed("request", 300) };
      expect(await failureOf(relayAccessRequest(as(bank), { ...asked, asker: bank.address }))).to.equal(
        "RequestByItsAsker",
      );
      await relayAccessRequest(as(relayer), { ...asked, asker: bank.address });
      expect(await requestStatusOf(network.user, asked)).to.equal(RequestStatus.Open);
      const terms = { tag: tag(), ...commitments, from: now, until: now + 10n * DAY, payload: sealed("payload", 300) };
      grantId = await grantAccess(as(alice), terms);
      expect(grantId).to.equal(grantIdOf({ owner: alice.address, tag: tag(), ...commitments }));
      await answerAccessRequest(as(alice), { request, grantId });
      const declined = id("another request");
      await relayAccessRequest(as(relayer), { ...asked, request: declined });
      await answerAccessRequest(as(alice), { request: declined });
      expect(await accessRequestsOf(network.user, alice.address)).to.deep.equal([
        { request, ciphertext: asked.ciphertext, answer: { grantId } },
        { request: declined, ciphertext: asked.ciphertext, answer: {} },
      ]);
      expect(await requestStatusOf(network.user, { owner: alice.address, request: declined })).to.equal(
        RequestStatus.Declined,
      );
    });

    it("come back from events as they are, payloads and all", async () => {
      await shareUnderGrant(as(alice), { grantId, payload: sealed("more", 200) });
      await renewGrant(as(alice), { grantId, until: now + 20n * DAY });
      const expected = {
        grantId,
        owner: alice.address,
        tag: tag(),
        ...commitments,
        from: now,
        until: now + 20n * DAY,
        isRevoked: false,
        payloads: [sealed("payload", 300), sealed("more", 200)],
      };
      expect(await grantsOf(network.user, alice.address)).to.deep.equal([expected]);
      expect(await grantHistoryOf(network.user, grantId)).to.deep.equal(expected);
      const withoutRenewal = (logs: Log[]) => logs.slice(0, -1);
      expect(await failureOf(grantHistoryOf(lying(network.user, withoutRenewal), grantId))).to.equal(
        "GrantHistoryMismatch",
      );
      expect(
        await failureOf(
          grantsOf(
            lying(network.user, () => []),
            alice.address,
          ),
        ),
      ).to.equal("GrantListIncomplete");
    });

    it("end for ever when they are revoked, which anybody can count", async () => {
      await revokeGrant(as(alice), { grantId });
      expect(await isGrantRunning(network.user, grantId)).to.equal(false);
      expect((await grantStateOf(network.user, grantId))?.isRevoked).to.equal(true);
      expect((await grantHistoryOf(network.user, grantId))?.isRevoked).to.equal(true);
      expect(await grantCountsOf(network.user, alice.address)).to.deep.equal({ granted: 1n, revoked: 1n });
      expect(await failureOf(renewGrant(as(alice), { grantId, until: now + 30n * DAY }))).to.equal(
        "RecordGrantsRevoked",
      );
    });

    it("leave no trace of the grantee in any transaction or log of theirs", async () => {
      const { RecordGrants } = network.deployment.chains.user.contracts;
      const bare = (hex: string) => hex.slice(2).toLowerCase();
      const secrets = [bank.address, blind].map(bare);
      let seen = 0;
      for (let number = 0; number <= (await network.user.provider.getBlockNumber()); ++number) {
        const block = await network.user.provider.getBlock(number, true);
        for (const transaction of block?.prefetchedTransactions ?? []) {
          if (transaction.to !== RecordGrants.address) continue;
          ++seen;
          const receipt = await network.user.provider.getTransactionReceipt(transaction.hash);
          const logs = receipt?.logs.map(({ topics, data }) => [...topics, data].join("")).join("") ?? "";
          const text = `${transaction.from}${transaction.data}${logs}`.toLowerCase();
          for (const secret of secrets) expect(text).not.to.contain(secret);
        }
      }
      expect(seen).to.be.above(6);
    });
  });

  describe("the key directory", () => {
    const [key, next] = [id("X25519 key 1"), id("X25519 key 2")];

    it("has what the account signed, whoever brought it", async () => {
      expect(await encryptionKeyOf(network.user, alice.address)).to.equal(undefined);
      await publishEncryptionKey(as(relayer), await signEncryptionKey(network.user, alice, { key }));
      expect(await encryptionKeyOf(network.user, alice.address)).to.deep.equal({ version: 1n, key });
      await publishEncryptionKey(as(relayer), await signEncryptionKey(network.user, alice, { key: next }));
      expect(await encryptionKeyOf(network.user, alice.address)).to.deep.equal({ version: 2n, key: next });
      const entry = await encryptionKeyAt(network.user, { account: alice.address, version: 1n });
      expect(entry).to.include({ key, revoked: false });
      const follower = await encryptionKeyAt(network.user, { account: alice.address, version: 2n });
      expect(entry?.endedAt).to.equal(follower?.publishedAt);
      expect(follower).to.include({ key: next, endedAt: 0n, revoked: false });
      expect(await encryptionKeyAt(network.user, { account: alice.address, version: 3n })).to.equal(undefined);
    });

    it("takes no foreign, altered or replayed signature", async () => {
      const signed = await signEncryptionKey(network.user, bob, { key });
      const forged = { ...signed, account: alice.address, version: 3n };
      expect(await failureOf(publishEncryptionKey(as(relayer), forged))).to.equal("KeyDirectoryForged");
      await publishEncryptionKey(as(relayer), signed);
      expect(await failureOf(publishEncryptionKey(as(relayer), signed))).to.equal("KeyDirectoryOtherVersion");
    });

    it("forgets a lost device's key by a revocation that was signed before", async () => {
      const revocation = await signKeyRevocation(network.user, alice, { version: 2n });
      await submitKeyRevocation(as(relayer), revocation);
      expect(await encryptionKeyOf(network.user, alice.address)).to.deep.equal({ version: 2n, key: undefined });
      expect(await failureOf(submitKeyRevocation(as(relayer), revocation))).to.equal("KeyDirectoryNotInForce");
    });

    it("lets an expelled account revoke, and publish nothing", async () => {
      await expel(as(registrar), { account: bob.address });
      const signed = await signEncryptionKey(network.user, bob, { key: next });
      expect(await failureOf(publishEncryptionKey(as(relayer), signed))).to.equal("KeyDirectoryInactive");
      await revokeEncryptionKey(as(bob), { version: 1n });
      expect((await encryptionKeyOf(network.user, bob.address))?.key).to.equal(undefined);
    });
  });
});
