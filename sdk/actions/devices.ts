/** The legal identity of devices: certified by the maker, possessed by its key, consented to by its owner. */
import type { Signer } from "ethers";

import type { TransactionChain } from "../connect.js";
import {
  certificateFor,
  certificateMessage,
  consentMessage,
  keyRotationMessage,
  ownerChangeMessage,
  possessionMessage,
  type Certificate,
  type CertificateTerms,
} from "../signing/devices.js";
import { sign, type SigningDomain } from "../signing/typed-data.js";
import { ask, eventIn, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** A certificate with its maker's signature. */
export interface SignedCertificate {
  readonly certificate: Certificate;
  readonly makerSignature: string;
}

/** A claim with the device's and the owner's signatures (IDeviceRegistry.Claim). */
export interface SignedClaim {
  readonly deviceKey: string;
  readonly owner: string;
  readonly deadline: bigint;
  readonly possession: string;
  readonly consent: string;
}

/** What messages for the chain's DeviceRegistry are signed for. */
export function deviceRegistryOf(chain: TransactionChain): SigningDomain {
  const { chainId, contracts } = chain.deployment;
  return { chainId, verifyingContract: contracts.DeviceRegistry.address };
}

/** A maker certifies one device; costs no transaction. */
export async function signCertificate(
  chain: TransactionChain,
  maker: Signer,
  terms: CertificateTerms,
): Promise<SignedCertificate> {
  const registry = deviceRegistryOf(chain);
  const certificate = certificateFor(registry, terms);
  return { certificate, makerSignature: await sign(maker, certificateMessage(registry, certificate)) };
}

/** Device and owner agree on a claim; costs no transaction. */
export async function signClaim(
  chain: TransactionChain,
  { device, owner, deadline }: { readonly device: Signer; readonly owner: Signer; readonly deadline: bigint },
): Promise<SignedClaim> {
  const registry = deviceRegistryOf(chain);
  const possession = { deviceKey: await device.getAddress(), owner: await owner.getAddress() };
  return {
    ...possession,
    deadline,
    possession: await sign(device, possessionMessage(registry, possession)),
    consent: await sign(owner, consentMessage(registry, { ...possession, deadline })),
  };
}

/** Certifies and claims a device at once; returns its number. Anyone with the signatures. */
export async function registerDevice(
  chain: TransactionChain,
  { certificate, makerSignature, claim }: SignedCertificate & { readonly claim: SignedClaim },
  overrides: TransactionOverrides = chain.defaults,
): Promise<bigint> {
  const { deviceRegistry } = chain.contracts;
  const receipt = await transact(chain, () => deviceRegistry.register(certificate, makerSignature, claim, overrides));
  return deviceIn(chain, receipt);
}

/** Makes a device known; returns its number. Anyone with a valid certificate. */
export async function certifyDevice(
  chain: TransactionChain,
  { certificate, makerSignature }: SignedCertificate,
  overrides: TransactionOverrides = chain.defaults,
): Promise<bigint> {
  const { deviceRegistry } = chain.contracts;
  return deviceIn(chain, await transact(chain, () => deviceRegistry.certify(certificate, makerSignature, overrides)));
}

/** Gives a certified device its owner. Anyone with the signatures of both. */
export function claimDevice(
  chain: TransactionChain,
  claim: SignedClaim,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.deviceRegistry.claim(claim, overrides));
}

/** A step in a device's life that one account decides. */
export type DeviceStep = "suspend" | "retire" | "revoke";

/** Takes a device a step on: suspend, retire (operator or holder), revoke (maker). */
export function changeDevice(
  chain: TransactionChain,
  { device, step }: { readonly device: bigint; readonly step: DeviceStep },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const { deviceRegistry } = chain.contracts;
  return transact(chain, () => deviceRegistry.getFunction(step)(device, overrides));
}

export interface SeenDevice {
  readonly device: bigint;
  /** Address of the key that the sender has seen in the device's hands; refused when another is in force. */
  readonly key: string;
}

/** Commissions a claimed device: a meter's readings count from now on. A metering operator; for no meter the holder. */
export function activateDevice(
  chain: TransactionChain,
  { device, key }: SeenDevice,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.deviceRegistry.activate(device, key, overrides));
}

/** Ends a suspension, also the one that a new certificate brings. A meter's operator; for no meter the holder. */
export function resumeDevice(
  chain: TransactionChain,
  { device, key }: SeenDevice,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.deviceRegistry.resume(device, key, overrides));
}

/** Gives a meter into another metering operator's care. Its operator. */
export function handOverDevice(
  chain: TransactionChain,
  { device, newOperator }: { readonly device: bigint; readonly newOperator: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.deviceRegistry.handOver(device, newOperator, overrides));
}

/** Replaces a device's key by its own decision. Anyone with both keys. */
export async function rotateDeviceKey(
  chain: TransactionChain,
  { device, oldKey, newKey }: { readonly device: bigint; readonly oldKey: Signer; readonly newKey: Signer },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const { nonce } = await ask(() => chain.contracts.deviceRegistry.deviceAt(device));
  const newAddress = await newKey.getAddress();
  const message = keyRotationMessage(deviceRegistryOf(chain), { device, newKey: newAddress, nonce });
  const [old, fresh] = await Promise.all([sign(oldKey, message), sign(newKey, message)]);
  return transact(chain, () =>
    chain.contracts.deviceRegistry.rotateKey(device, newAddress, nonce, old, fresh, overrides),
  );
}

/**
 * Replaces a device's key by its maker's decision; an active device is suspended until it is resumed with the new key.
 * Anyone with the new certificate and the new key.
 */
export async function recertifyDevice(
  chain: TransactionChain,
  parameters: SignedCertificate & { readonly device: bigint; readonly newKey: Signer },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const { certificate, makerSignature, device, newKey } = parameters;
  const { nonce } = await ask(() => chain.contracts.deviceRegistry.deviceAt(device));
  const rotation = { device, newKey: await newKey.getAddress(), nonce };
  const signature = await sign(newKey, keyRotationMessage(deviceRegistryOf(chain), rotation));
  return transact(chain, () =>
    chain.contracts.deviceRegistry.recertify(certificate, makerSignature, signature, overrides),
  );
}

export interface ChangeOwnerParameters {
  readonly device: bigint;
  readonly from: Signer;
  readonly to: Signer;
  /** Unix seconds until which the signatures may be used. */
  readonly deadline: bigint;
}

/** Gives a device to another owner from the first slot that has not opened. Anyone with both owners' consent. */
export async function changeDeviceOwner(
  chain: TransactionChain,
  { device, from, to, deadline }: ChangeOwnerParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const { nonce } = await ask(() => chain.contracts.deviceRegistry.deviceAt(device));
  const [fromAddress, toAddress] = await Promise.all([from.getAddress(), to.getAddress()]);
  const change = { device, from: fromAddress, to: toAddress, nonce, deadline };
  const message = ownerChangeMessage(deviceRegistryOf(chain), change);
  const [consent, newConsent] = await Promise.all([sign(from, message), sign(to, message)]);
  const request = { device, to: toAddress, nonce, deadline, consent, newConsent };
  return transact(chain, () => chain.contracts.deviceRegistry.changeOwner(request, overrides));
}

function deviceIn(chain: TransactionChain, receipt: Receipt): bigint {
  const { deviceRegistry } = chain.contracts;
  const { address } = chain.deployment.contracts.DeviceRegistry;
  return eventIn(deviceRegistry, address, deviceRegistry.getEvent("DeviceCertified"), receipt).device;
}
