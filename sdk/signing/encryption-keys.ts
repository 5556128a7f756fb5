/** Messages of KeyDirectory: an account's encryption key, and its revocation. */
import { domainOf, fieldsOf, type SigningDomain, type TypedMessage } from "./typed-data.js";

const NAME = "Commonwatt KeyDirectory";

const ENCRYPTION_KEY = fieldsOf("address account,bytes32 key,uint32 version");
const KEY_REVOCATION = fieldsOf("address account,uint32 version");

/** A version of an account's encryption key. */
export interface KeyVersion {
  readonly account: string;
  /** Counts from 1. */
  readonly version: bigint;
}

/** An account's first or next encryption key. */
export interface KeyPublication extends KeyVersion {
  /** X25519 public key, 32 bytes in hex as RFC 7748 writes them; never derived from a wallet's signature. */
  readonly key: string;
}

/** Signed by the account; anyone publishes it. */
export function keyPublicationMessage(directory: SigningDomain, publication: KeyPublication): TypedMessage {
  const types = { EncryptionKey: ENCRYPTION_KEY };
  return { domain: domainOf(NAME, directory), types, value: { ...publication } };
}

/** Signed by the account; anyone submits it, e.g. whoever keeps it for the day on which a device is lost. */
export function keyRevocationMessage(directory: SigningDomain, { account, version }: KeyVersion): TypedMessage {
  const types = { KeyRevocation: KEY_REVOCATION };
  return { domain: domainOf(NAME, directory), types, value: { account, version } };
}
