/** The vault's computation: seal and open by size, wrap and unwrap, and the rotation of 10,000 records. */
import { Wallet } from "ethers";

import {
  commitmentOf,
  contentKey,
  contentOf,
  drawShares,
  EncryptionKey,
  KeyRing,
  openContent,
  markOf,
  RecordKind,
  Recipient,
  rewrapped,
  sealContent,
  wrapOwnerShare,
  type RecordContracts,
  type VersionPlace,
  type WrittenVersion,
} from "../../sdk/vault/index.js";
import { tableText, verdict, whole, type BenchOptions, type Figures } from "./report.js";

const ROTATED = 10_000;
const GOAL_ROTATION_S = 60;
const BATCH = 50;
/** How long each measurement runs at least, in milliseconds. */
const LEAST_MS = 1_000;

const CONTRACTS: RecordContracts = {
  chainId: 1n,
  personalRecords: "0x00000000000000000000000000000000000000A1",
  recordGrants: "0x00000000000000000000000000000000000000A2",
  maxInlineBytes: 0,
  maxBatch: BATCH,
  maxPayloadBytes: 0,
};

/** A month of quarter hours, and what is around it. */
const CASES = [
  { figure: "1KiB", what: "1 KiB, one slot", slots: 1, bytes: 1_024 },
  { figure: "Month", what: "a month of quarter hours: 2,976 slots of 8 bytes", slots: 2_976, bytes: 8 },
  { figure: "64KiB", what: "64 KiB, one slot", slots: 1, bytes: 65_536 },
  { figure: "1MiB", what: "1 MiB, one slot", slots: 1, bytes: 1_048_576 },
] as const;

export async function benchVault({ print }: BenchOptions): Promise<Figures> {
  const owner = Wallet.createRandom().address;
  const figures: Record<string, number> = {};
  const rows: string[][] = [];
  const place = placeOf(owner, 0);
  for (const { figure, what, slots, bytes } of CASES) {
    const content = contentOf(
      Array.from({ length: slots }, (_, index) => ({ label: String(index), data: new Uint8Array(bytes).fill(index) })),
    );
    const key = contentKey(drawShares());
    const commitment = commitmentOf(content);
    const ciphertext = sealContent(content, key, place);
    const commits = await rate(() => void commitmentOf(content));
    const seals = await rate(() => void sealContent(content, key, place));
    const opens = await rate(() => void openContent(ciphertext, key, { place, commitment }));
    figures[`seal${figure}PerS`] = Math.round(seals);
    figures[`open${figure}PerS`] = Math.round(opens);
    const mib = ciphertext.length / 2 ** 20;
    rows.push([what, whole(commits), whole(seals), (seals * mib).toFixed(1), whole(opens), (opens * mib).toFixed(1)]);
  }
  print(
    tableText(
      "Seal, open: one core, operations a second and MiB of ciphertext a second; opening checks the commitment",
      ["content", "commit/s", "seal/s", "MiB/s", "open/s", "MiB/s"],
      rows,
    ),
  );
  const rotationS = await rotation(owner);
  figures["rotation10000S"] = Math.round(rotationS * 10) / 10;
  print(
    `Rotation of ${whole(ROTATED)} records, computation alone: ${rotationS.toFixed(1)} s ` +
      `(${whole(ROTATED / rotationS)} a second). Goal: ${GOAL_ROTATION_S} s: ${verdict(rotationS, GOAL_ROTATION_S)}.`,
  );
  return figures;
}

/** Seconds to unwrap that many records' shares with the old key and to wrap them for the new one. */
async function rotation(owner: string): Promise<number> {
  const ring = new KeyRing({
    encryptionKey: (number) => EncryptionKey.derive(new Uint8Array(32).fill(Number(number))),
  });
  const recipient = await Recipient.of((await ring.key(1n)).publicKey);
  const versions: WrittenVersion[] = [];
  for (let index = 0; index < ROTATED; index += 1) {
    const place = placeOf(owner, index);
    const wrapped = await wrapOwnerShare(recipient, { ...drawShares(), storesMark: markOf([owner]) }, place);
    const { record, version } = place;
    const rest = { commitment: record, locator: new Uint8Array(33), kind: RecordKind.Bill, writtenAt: 0n };
    versions.push({ record, version, wrapped, ...rest });
  }
  const start = performance.now();
  for (let at = 0; at < ROTATED; at += BATCH) {
    await rewrapped({ contracts: CONTRACTS, owner, ring, number: 2n }, versions.slice(at, at + BATCH));
  }
  return (performance.now() - start) / 1_000;
}

function placeOf(owner: string, index: number): VersionPlace {
  const record = `0x${index.toString(16).padStart(64, "0")}`;
  return { chainId: CONTRACTS.chainId, contract: CONTRACTS.personalRecords, owner, record, version: 1n };
}

/** How often a second it runs. */
async function rate(run: () => void): Promise<number> {
  run();
  const start = performance.now();
  let [runs, elapsed] = [0, 0];
  while (elapsed < LEAST_MS) {
    run();
    runs += 1;
    elapsed = performance.now() - start;
  }
  await new Promise((resolve) => setImmediate(resolve)); // between measurements, not within one
  return (1_000 * runs) / elapsed;
}
