import { concat, id, toBeHex } from "ethers";

import { MemberRole, RecordKind } from "../../sdk/enums.js";
import { keyPublicationMessage } from "../../sdk/signing/encryption-keys.js";
import { sign } from "../../sdk/signing/typed-data.js";
import { mined, type GasScenarios, type GasStage } from "../../scripts/gas/scenario.js";

const BATCH = 50;
/** HPKE: encapsulated key, a 32-byte share and the stores' mark, tag. */
const WRAPPED_BYTES = 32 + 32 + 16 + 16;
/** Terms and one share, padded, as the vault wraps them. */
const PAYLOAD_BYTES = 352;
const GENESIS_SECONDS = 1_767_225_600; // of the gas scenarios' chain

/** The user chain's contracts behind a real Federation; the owner is a user, and sends. */
async function deployed({ ethers }: GasStage) {
  const [deployer, registrar, owner] = await ethers.getSigners();
  if (!deployer || !registrar || !owner) throw new Error("The chain has too few accounts.");
  const manager = await ethers.deployContract("FederationAccessManager", [deployer.address]);
  const federation = await ethers.deployContract("Federation", [await manager.getAddress()]);
  await federation.admitMember(registrar.address, 1n << BigInt(MemberRole.Registrar));
  await federation.connect(registrar).admitUser(owner.address, id("credential"));
  const place = [await federation.getAddress()];
  return {
    owner,
    records: (await ethers.deployContract("PersonalRecords", place)).connect(owner),
    grants: (await ethers.deployContract("RecordGrants", place)).connect(owner),
    directory: (await ethers.deployContract("KeyDirectory", place)).connect(owner),
  };
}

/** Bytes without a zero, the dearest. */
function noise(seed: string, bytes: number): string {
  const words = Array.from({ length: Math.ceil(bytes / 32) }, (_, place) => id(`${seed}/${place}`));
  return concat(words)
    .slice(0, 2 + 2 * bytes)
    .replaceAll("00", "11");
}

function versionOf(number: number, version: bigint) {
  return {
    record: id(`record ${number}`),
    version,
    kind: RecordKind.Readings,
    commitment: id(`commitment ${number}/${version}`),
    locator: concat(["0x01", id(`ciphertext ${number}/${version}`)]),
    wrapped: noise(`wrapped ${number}/${version}`, WRAPPED_BYTES),
  };
}

const batchOf = (version: bigint) => Array.from({ length: BATCH }, (_, number) => versionOf(number, version));

function termsOf(grantee: string) {
  const from = BigInt(GENESIS_SECONDS);
  const terms = { tag: id(grantee), scopeHash: id("scope"), purposeHash: id("purpose") };
  return { ...terms, from, until: from + 31_536_000n };
}

export const scenarios: GasScenarios = {
  "PersonalRecords.put, a new record": async (stage) => {
    const { records } = await deployed(stage);
    return mined(records.put(versionOf(1, 1n)));
  },

  "PersonalRecords.put, the next version": async (stage) => {
    const { records } = await deployed(stage);
    await records.put(versionOf(1, 1n));
    return mined(records.put(versionOf(1, 2n)));
  },

  "PersonalRecords.put, a new record of 1,024 bytes on the chain": async (stage) => {
    const { records } = await deployed(stage);
    return mined(records.put({ ...versionOf(1, 1n), locator: concat(["0x00", noise("ciphertext", 1_024)]) }));
  },

  "PersonalRecords.putBatch, 50 new records": async (stage) => {
    const { records } = await deployed(stage);
    return mined(records.putBatch(batchOf(1n)));
  },

  "PersonalRecords.putBatch, 50 next versions": async (stage) => {
    const { records } = await deployed(stage);
    await records.putBatch(batchOf(1n));
    return mined(records.putBatch(batchOf(2n)));
  },

  "PersonalRecords.rewrapBatch, 50 records": async (stage) => {
    const { records } = await deployed(stage);
    await records.putBatch(batchOf(1n));
    const rewrappings = batchOf(1n).map(({ record, version }) => {
      return { record, version, wrapped: noise(`anew ${record}`, WRAPPED_BYTES) };
    });
    return mined(records.rewrapBatch(rewrappings));
  },

  "PersonalRecords.erase": async (stage) => {
    const { records } = await deployed(stage);
    await records.put(versionOf(1, 1n));
    return mined(records.erase(versionOf(1, 1n).record, id("receipts")));
  },

  "RecordGrants.grant, an owner's first": async (stage) => {
    const { grants } = await deployed(stage);
    return mined(grants.grant(termsOf("bank"), noise("payload", PAYLOAD_BYTES)));
  },

  "RecordGrants.grant, another": async (stage) => {
    const { grants } = await deployed(stage);
    await grants.grant(termsOf("bank"), noise("payload", PAYLOAD_BYTES));
    return mined(grants.grant(termsOf("neighbour"), noise("payload", PAYLOAD_BYTES)));
  },

  "RecordGrants.grant, another of 1,024 bytes": async (stage) => {
    const { grants } = await deployed(stage);
    await grants.grant(termsOf("bank"), noise("payload", PAYLOAD_BYTES));
    return mined(grants.grant(termsOf("neighbour"), noise("payload", 1_024)));
  },

  "RecordGrants.share, one version": async (stage) => {
    const { grants } = await deployed(stage);
    const grantId = await grants.grant.staticCall(termsOf("bank"), noise("payload", PAYLOAD_BYTES));
    await grants.grant(termsOf("bank"), noise("payload", PAYLOAD_BYTES));
    return mined(grants.share(grantId, noise("more", PAYLOAD_BYTES)));
  },

  "RecordGrants.revoke, an owner's first": async (stage) => {
    const { grants } = await deployed(stage);
    const grantId = await grants.grant.staticCall(termsOf("bank"), noise("payload", PAYLOAD_BYTES));
    await grants.grant(termsOf("bank"), noise("payload", PAYLOAD_BYTES));
    return mined(grants.revoke(grantId));
  },

  "KeyDirectory.publish, the first key": async (stage) => {
    const { directory, owner } = await deployed(stage);
    const place = { chainId: 410_001, verifyingContract: await directory.getAddress() };
    const publication = { account: owner.address, key: toBeHex(id("key"), 32), version: 1n };
    const signature = await sign(owner, keyPublicationMessage(place, publication));
    return mined(directory.publish(owner.address, publication.key, 1n, signature));
  },
};
