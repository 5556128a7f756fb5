/** A reading's part of the evidence: its place in a batch, its message, and whose key signed it. */
import { type Interface, recoverAddress, Signature } from "ethers";

import { CONTRACT_INTERFACES } from "../../../sdk/contracts.js";
import { ReadingStatus } from "../../../sdk/enums.js";
import type { ChainEvent } from "../../../sdk/events.js";
import { proveReading, verifyReadingProof } from "../../../sdk/merkle.js";
import { unpackReadings } from "../../../sdk/records.js";
import {
  bySignature,
  readingDigest,
  signedDigest,
  type Reading,
  type SignedReading,
} from "../../../sdk/signing/readings.js";
import type { SigningDomain } from "../../../sdk/signing/typed-data.js";
import type { EvidenceIdentity, EvidenceReading } from "./file.js";
import { attempt, demand, type ProvenTransaction } from "./proven.js";

type Message = EvidenceReading["message"];

/** What readings of the identity's chain are signed for. */
export function ledgerOf({ chainId, contracts }: EvidenceIdentity): SigningDomain {
  return { chainId, verifyingContract: contracts["MeterLedger"] ?? "" };
}

/** All that the transaction stored anew of the meter in the slot. */
export function readingsIn(
  proven: ProvenTransaction,
  identity: EvidenceIdentity,
  { meter, slot }: { readonly meter: number; readonly slot: number },
): EvidenceReading[] {
  const ledger = ledgerOf(identity);
  return proven.events.filter(isBatch).flatMap((event) => {
    const records = unpackReadings(event.args["readings"] as string[]);
    const readings = records.map(({ status, ...record }) => ({ ...record, status: Number(status) as ReadingStatus }));
    const digests = readings.map((reading) => readingDigest(ledger, reading));
    return readings.flatMap((reading, index): EvidenceReading[] => {
      if (reading.meter !== BigInt(meter) || reading.slot !== BigInt(slot) || reading.changed === 0n) return [];
      const { root, digest, proof } = proveReading(digests, index);
      const signed = signatureOf(proven, ledger, index, digests.length);
      return [
        {
          block: event.block,
          place: proven.place,
          log: event.logIndex,
          index,
          batch: Number(event.args["batchId"]),
          root,
          message: messageOf(reading),
          digest,
          proof: [...proof],
          ...(signed === undefined ? {} : { signed }),
        },
      ];
    });
  });
}

/** Refuses the reading unless its event, its path and its signature bear it out. */
export function checkReading(
  given: EvidenceReading,
  transactions: readonly ProvenTransaction[],
  identity: EvidenceIdentity,
): void {
  const part = `reading ${given.message.meter} ${given.message.slot}`;
  const proven = transactions.find(
    ({ header, place }) => Number(header.number) === given.block && place === given.place,
  );
  const event = proven?.events.find(({ logIndex }) => logIndex === given.log);
  if (proven === undefined || event === undefined || !isBatch(event)) {
    demand(`${part}, event`, false, `log ${given.log} of block ${given.block} is no batch of readings`);
    return;
  }
  demand(`${part}, batch`, event.args["batchId"] === BigInt(given.batch), "the event has another number");
  demand(`${part}, root`, event.args["root"] === given.root, "the event has another one");
  const ledger = ledgerOf(identity);
  const digest = attempt(`${part}, message`, () => readingDigest(ledger, readingOf(given.message)));
  demand(`${part}, digest`, digest === given.digest, "it is not the message's");
  const isIn = attempt(`${part}, Merkle proof`, () => verifyReadingProof(given));
  demand(`${part}, Merkle proof`, isIn, "it does not lead to the batch's root");
  checkSignature(part, given, ledger);
  const [same] = readingsIn(proven, identity, given.message).filter(({ index }) => index === given.index);
  demand(`${part}, place`, same !== undefined, "the batch stored nothing of it there");
  demand(`${part}, form`, JSON.stringify(same) === JSON.stringify(given), "the proven event and call say another");
}

function checkSignature(part: string, { signed, message }: EvidenceReading, ledger: SigningDomain): void {
  if (signed === undefined) return;
  const isCovered = signed.covers.some((one) => JSON.stringify(one) === JSON.stringify(message));
  demand(`${part}, series`, isCovered, "the signature does not cover it");
  const signer = attempt(`${part}, signature`, () => signerOf(ledger, signed.covers, signed));
  demand(`${part}, signature`, signer === signed.signer, "another key made it");
}

/** The key whose authority over the reading a proven event shows, in words; undefined: none does. */
export function authorityOf(given: EvidenceReading, transactions: readonly ProvenTransaction[]): string | undefined {
  const { meter, slot, status } = given.message;
  const signer = given.signed?.signer;
  const events = transactions.flatMap((proven) => proven.events);
  if (status === ReadingStatus.Actual) {
    const certified = events.find((event) => keyOf(event, BigInt(meter)) === signer);
    return (
      certified && `${signer ?? ""} is the key of device ${meter} (${nameOf(certified)}, block ${certified.block})`
    );
  }
  const site = events.find(
    ({ contract, name, args }) =>
      contract === "GridTopology" &&
      name === "SiteScheduled" &&
      args["meter"] === BigInt(meter) &&
      (args["fromSlot"] as bigint) <= BigInt(slot),
  );
  const parties = events.find(
    ({ contract, name, args }) =>
      contract === "GridTopology" &&
      name === "PartiesScheduled" &&
      args["feeder"] === site?.args["feeder"] &&
      args["meteringOperator"] === signer &&
      (args["fromSlot"] as bigint) <= BigInt(slot),
  );
  if (site === undefined || parties === undefined) return undefined;
  const feeder = String(site.args["feeder"]);
  return `${signer ?? ""} is the metering operator of feeder ${feeder}, where meter ${meter} stands (blocks ${parties.block}, ${site.block})`;
}

/** Whose key a certificate or a change of keys names; undefined for other events and devices. */
export function keyOf({ contract, name, args }: ChainEvent, device: bigint): unknown {
  if (contract !== "DeviceRegistry" || args["device"] !== device) return undefined;
  if (name === "DeviceCertified") return args["key"];
  return name === "KeyRotated" ? args["newKey"] : undefined;
}

export function isBatch({ contract, name }: ChainEvent): boolean {
  return contract === "MeterLedger" && name === "ReadingBatchStored";
}

function nameOf({ contract, name }: ChainEvent): string {
  return `${contract}.${name}`;
}

/** The signature that covers the reading at the place, out of the call's arguments. */
function signatureOf(
  { transaction }: ProvenTransaction,
  ledger: SigningDomain,
  index: number,
  count: number,
): EvidenceReading["signed"] {
  if (transaction.to === null || transaction.to.toLowerCase() !== ledger.verifyingContract.toLowerCase())
    return undefined;
  const readings = submitted(CONTRACT_INTERFACES.MeterLedger, transaction.data);
  if (readings.length !== count) return undefined;
  let first = 0;
  for (const part of bySignature(readings)) {
    if (index < first + part.length) {
      const covers = part.map(messageOf);
      const { r = "", vs = "" } = part.at(-1) ?? {};
      const signer = signerOf(ledger, covers, { r, vs });
      return signer === undefined ? undefined : { r, vs, covers, signer };
    }
    first += part.length;
  }
  return undefined;
}

function submitted(abi: Interface, data: string): SignedReading[] {
  const call = abi.parseTransaction({ data });
  if (call?.name !== "submit") return [];
  const readings = call.args[0] as (Record<keyof SignedReading, bigint> & { r: string; vs: string })[];
  return readings.map(({ meter, slot, importWh, exportWh, status, sequence, r, vs }) => {
    return { meter, slot, importWh, exportWh, status: Number(status) as ReadingStatus, sequence, r, vs };
  });
}

/** Undefined for what no key signed. */
function signerOf(
  ledger: SigningDomain,
  covers: readonly Message[],
  { r, vs }: { readonly r: string; readonly vs: string },
): string | undefined {
  try {
    return recoverAddress(signedDigest(ledger, covers.map(readingOf)), Signature.from({ r, yParityAndS: vs }));
  } catch {
    return undefined;
  }
}

function messageOf({ meter, slot, importWh, exportWh, status, sequence }: Reading): Message {
  // none is wider than 32 bits
  return {
    meter: Number(meter),
    slot: Number(slot),
    importWh: Number(importWh),
    exportWh: Number(exportWh),
    status,
    sequence: Number(sequence),
  };
}

function readingOf({ meter, slot, importWh, exportWh, status, sequence }: Message): Reading {
  return {
    meter: BigInt(meter),
    slot: BigInt(slot),
    importWh: BigInt(importWh),
    exportWh: BigInt(exportWh),
    status: status as ReadingStatus,
    sequence: BigInt(sequence),
  };
}
