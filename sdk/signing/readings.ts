/** A meter's reading of a slot, as MeterLedger takes it. */
import type { Signer } from "ethers";

import type { ReadingStatus } from "../enums.js";
import {
  digestOf,
  domainOf,
  fieldsOf,
  signCompact,
  type CompactSignature,
  type SigningDomain,
  type TypedMessage,
} from "./typed-data.js";

const READING = fieldsOf("uint32 meter,uint32 slot,uint32 importWh,uint32 exportWh,uint8 status,uint8 sequence");

/** What a meter saw in a slot: gross import and export in Wh, never netted. */
export interface Reading {
  readonly meter: bigint;
  readonly slot: bigint;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: ReadingStatus;
  /** Grows with each reading of the same rank for the same meter and slot. */
  readonly sequence: bigint;
}

export interface SignedReading extends Reading, CompactSignature {}

/** Signed by the device when actual, by the feeder's metering operator otherwise. */
export function readingMessage(ledger: SigningDomain, reading: Reading): TypedMessage {
  const { meter, slot, importWh, exportWh, status, sequence } = reading;
  return {
    domain: domainOf("Commonwatt MeterLedger", ledger),
    types: { Reading: READING },
    value: { meter, slot, importWh, exportWh, status, sequence },
  };
}

/** The reading's digest: what is signed, and its leaf in the batch's Merkle tree. */
export function readingDigest(ledger: SigningDomain, reading: Reading): string {
  return digestOf(readingMessage(ledger, reading));
}

export async function signReading(signer: Signer, ledger: SigningDomain, reading: Reading): Promise<SignedReading> {
  return { ...reading, ...(await signCompact(signer, readingMessage(ledger, reading))) };
}
