/** Messages of DeviceRegistry: the maker's certificate, the device's possession, the owners' consents. */
import { computeHmac, toUtf8Bytes } from "ethers";

import type { DeviceKind } from "../enums.js";
import { domainOf, fieldsOf, type SigningDomain, type TypedMessage } from "./typed-data.js";

const NAME = "Commonwatt DeviceRegistry";

const CERTIFICATE = fieldsOf(
  "address maker,address deviceKey,uint8 kind,bytes32 model,bytes32 serialHash," +
    "uint64 validFrom,uint64 validUntil,uint256 chainId,address registry",
);
const POSSESSION = fieldsOf("address deviceKey,address owner");
const CONSENT = fieldsOf("address deviceKey,address owner,uint64 deadline");
const KEY_ROTATION = fieldsOf("uint32 device,address newKey,uint32 nonce");
const OWNER_CHANGE = fieldsOf("uint32 device,address from,address to,uint32 nonce,uint64 deadline");

/** What a manufacturer says of one device; chain and registry follow from the domain. Times in Unix seconds. */
export interface CertificateTerms {
  readonly maker: string;
  readonly deviceKey: string;
  readonly kind: DeviceKind;
  readonly model: string;
  readonly serialHash: string;
  readonly validFrom: bigint;
  readonly validUntil: bigint;
}

/** The certificate as DeviceRegistry takes it. */
export interface Certificate extends CertificateTerms {
  readonly chainId: bigint;
  readonly registry: string;
}

export interface Possession {
  readonly deviceKey: string;
  readonly owner: string;
}

export interface Consent extends Possession {
  readonly deadline: bigint;
}

export interface KeyRotation {
  readonly device: bigint;
  readonly newKey: string;
  readonly nonce: bigint;
}

export interface OwnerChange {
  readonly device: bigint;
  readonly from: string;
  readonly to: string;
  readonly nonce: bigint;
  readonly deadline: bigint;
}

/** Completes a certificate for one registry on one chain. */
export function certificateFor(registry: SigningDomain, terms: CertificateTerms): Certificate {
  return { ...terms, chainId: BigInt(registry.chainId), registry: registry.verifyingContract };
}

/** Signed by the maker. */
export function certificateMessage(registry: SigningDomain, certificate: Certificate): TypedMessage {
  return { domain: domainOf(NAME, registry), types: { Certificate: CERTIFICATE }, value: { ...certificate } };
}

/** Signed by the device at its claim. */
export function possessionMessage(registry: SigningDomain, possession: Possession): TypedMessage {
  return { domain: domainOf(NAME, registry), types: { Possession: POSSESSION }, value: { ...possession } };
}

/** Signed by the owner at the claim. */
export function consentMessage(registry: SigningDomain, consent: Consent): TypedMessage {
  return { domain: domainOf(NAME, registry), types: { Consent: CONSENT }, value: { ...consent } };
}

/** Signed by the old key (or certified) and the new key. */
export function keyRotationMessage(registry: SigningDomain, rotation: KeyRotation): TypedMessage {
  return { domain: domainOf(NAME, registry), types: { KeyRotation: KEY_ROTATION }, value: { ...rotation } };
}

/** Signed by both owners. */
export function ownerChangeMessage(registry: SigningDomain, change: OwnerChange): TypedMessage {
  return { domain: domainOf(NAME, registry), types: { OwnerChange: OWNER_CHANGE }, value: { ...change } };
}

/** A serial number under the maker's keyed hash (HMAC-SHA-256), so that nobody guesses serials from the chain. */
export function serialHash(makerSecret: Uint8Array, serial: string): string {
  return computeHmac("sha256", makerSecret, toUtf8Bytes(serial));
}
