/** The deployed user chain as the vault needs it, over the SDK's actions. */
import { getAddress, getBytes } from "ethers";

import { standingOf } from "../actions/federation.js";
import { accessRequestsOf, grantHistoryOf, grantsOf, type GrantHistory } from "../actions/grant-history.js";
import {
  answerAccessRequest,
  grantAccess,
  MAX_GRANT_PAYLOAD_BYTES,
  renewGrant,
  revokeGrant,
  shareUnderGrant,
} from "../actions/grants.js";
import {
  encryptionKeyOf,
  publishEncryptionKey,
  revokeEncryptionKey,
  signEncryptionKey,
} from "../actions/key-directory.js";
import {
  eraseRecord,
  MAX_INLINE_BYTES,
  MAX_RECORD_BATCH,
  putRecords,
  recordHistoriesOf,
  recordHistoryOf,
  recordStateOf,
  rewrapRecords,
  type RecordHistory,
} from "../actions/personal-records.js";
import type { UserChain } from "../connect.js";
import { Standing } from "../enums.js";
import { CommonwattError } from "../errors.js";
import type {
  GrantState,
  KeyDirectory,
  RecordChain,
  RecordContracts,
  RecordState,
  RecordView,
  WrittenVersion,
} from "./chain.js";

/** What anybody reads of records and grants; each answer is held to the chain's state. */
export function recordViewOf(chain: UserChain): RecordView {
  return {
    contracts: recordContractsOf(chain),
    isActive: async (account) => (await standingOf(chain, account)) === Standing.Active,
    stateOf: async (owner, record) => {
      const state = await recordStateOf(chain, { owner, record });
      if (state === undefined) return undefined;
      if (!state.isErased) return { record, kind: state.kind, version: state.version };
      const history = await recordHistoryOf(chain, { owner, record });
      return history && stateIn(history);
    },
    statesOf: async (owner) => (await recordHistoriesOf(chain, owner)).map(stateIn),
    versionsOf: async (owner, record) => {
      if (record === undefined) return (await recordHistoriesOf(chain, owner)).flatMap(versionsIn);
      const history = await recordHistoryOf(chain, { owner, record });
      return history === undefined ? [] : versionsIn(history);
    },
    grantOf: async (grantId) => {
      const grant = await grantHistoryOf(chain, grantId);
      return grant && grantIn(grant);
    },
    grantsOf: async (owner) => (await grantsOf(chain, owner)).map(grantIn),
    requestsOf: async (owner) =>
      (await accessRequestsOf(chain, owner)).map((asked) => ({ ...asked, ciphertext: getBytes(asked.ciphertext) })),
  };
}

/** The same, written to by the connection's signer as the owner. */
export function recordChainOf(chain: UserChain): RecordChain {
  return {
    ...recordViewOf(chain),
    put: async (versions) => void (await putRecords(chain, versions)),
    rewrap: async (versions) => void (await rewrapRecords(chain, versions)),
    erase: async (record, receiptsHash) => void (await eraseRecord(chain, { record, receiptsHash })),
    grant: (grant) => grantAccess(chain, grant),
    share: async (grantId, payload) => void (await shareUnderGrant(chain, { grantId, payload })),
    renew: async (grantId, until) => void (await renewGrant(chain, { grantId, until })),
    revoke: async (grantId) => void (await revokeGrant(chain, { grantId })),
    answer: async (request, grantId) =>
      void (await answerAccessRequest(chain, grantId === undefined ? { request } : { request, grantId })),
  };
}

/** The key directory, written to by the connection's signer for its own account. */
export function vaultDirectoryOf(chain: UserChain): KeyDirectory {
  const keyOf: KeyDirectory["keyOf"] = async (account) => {
    const current = await encryptionKeyOf(chain, account);
    return current && { number: current.version, publicKey: current.key };
  };
  return {
    keyOf,
    publish: async ({ number, publicKey }) => {
      const publication = await signEncryptionKey(chain, signerOf(chain), { key: publicKey, version: number });
      await publishEncryptionKey(chain, publication);
    },
    revoke: async () => {
      const account = await signerOf(chain).getAddress();
      const current = await keyOf(account);
      if (current === undefined) throw new CommonwattError("VaultKeyMissing", { account });
      await revokeEncryptionKey(chain, { version: current.number });
    },
  };
}

function recordContractsOf({ deployment: { chainId, contracts } }: UserChain): RecordContracts {
  return {
    chainId: BigInt(chainId),
    personalRecords: getAddress(contracts.PersonalRecords.address),
    recordGrants: getAddress(contracts.RecordGrants.address),
    maxInlineBytes: MAX_INLINE_BYTES,
    maxBatch: MAX_RECORD_BATCH,
    maxPayloadBytes: MAX_GRANT_PAYLOAD_BYTES,
  };
}

function stateIn({ record, kind, versions, erasure }: RecordHistory): RecordState {
  return { record, kind, version: BigInt(versions.length), ...erasure };
}

function versionsIn({ versions, rewrapped }: RecordHistory): WrittenVersion[] {
  return versions.map((written) => {
    const later = rewrapped.get(written.version);
    const { locator, wrapped } = written;
    const entry = { ...written, locator: getBytes(locator), wrapped: getBytes(wrapped) };
    return later === undefined ? entry : { ...entry, rewrapped: getBytes(later) };
  });
}

function grantIn({ payloads, ...grant }: GrantHistory): GrantState {
  return { ...grant, payloads: payloads.map((payload) => getBytes(payload)) };
}

function signerOf({ signer }: UserChain): NonNullable<UserChain["signer"]> {
  if (signer === undefined) throw new CommonwattError("SignerMissing");
  return signer;
}
