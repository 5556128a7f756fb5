/** What PersonalRecords, RecordGrants and KeyDirectory refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const PERSONAL_ERRORS = {
  PersonalRecordsInactive: {
    why: "{account} is not active on the user chain, and only active accounts write records.",
    todo: "Use the account that was admitted there (not the transaction chain's), or have its suspension ended.",
  },
  PersonalRecordsBatchSize: {
    why: "A batch of {count} entries is none that PersonalRecords takes.",
    todo: "Give 1 to 50 (MAX_BATCH); write more in several transactions.",
  },
  PersonalRecordsUnknown: {
    why: "{owner} has no record {record}.",
    todo: "Check the id, and that the owner's own account signs: ids count among one owner's records only.",
  },
  PersonalRecordsErased: {
    why: "The record {record} was erased at {erasedAt} (Unix seconds), for ever.",
    todo: "Write a new record under another id.",
  },
  PersonalRecordsOtherVersion: {
    why: "Version {version} of the record {record} can't be written: {expected} is next.",
    todo: "Read the record, seal the content as version {expected}, and put that: versions are neither skipped nor replaced.",
  },
  PersonalRecordsVersionUnwritten: {
    why: "Version {version} of the record {record} was never written; the last one is {last}.",
    todo: "Wrap anew what was written: versions 1 to {last}.",
  },
  PersonalRecordsOtherKind: {
    why: "The record {record} is of kind {kind}, and stays so.",
    todo: "Give its kind, or write a new record.",
  },
  PersonalRecordsZeroCommitment: {
    why: "The commitment to the record {record} is zero.",
    todo: "Commit to the content with a random salt.",
  },
  PersonalRecordsInvalidLocator: {
    why: "A locator of {length} bytes for the record {record} is neither a ciphertext on the chain nor a hash.",
    todo: "Give byte 0 and 1 to 1,024 bytes of ciphertext, or byte 1 and the 32-byte hash of a ciphertext in the stores.",
  },
  PersonalRecordsInvalidWrapping: {
    why: "A wrapped share of {length} bytes for the record {record} is no HPKE output within the bounds.",
    todo: "Give the encapsulated key (32 bytes) and the ciphertext with its tag: 49 to 256 bytes in all.",
  },
  PersonalRecordsZeroReceipts: {
    why: "The erasure of the record {record} names no receipts.",
    todo: "Have the stores forget first, and give the hash of their signed receipts.",
  },
  RecordGrantsInactive: {
    why: "{account} is not active on the user chain.",
    todo: "Check the address, or have its suspension ended; revoking works all the same.",
  },
  RecordGrantsIncompleteTerms: {
    why: "The grant lacks its tag, or its commitment to scope or purpose.",
    todo: "Give all three: the blinded grantee (grantTag) and a salted hash each of scope and purpose.",
  },
  RecordGrantsInvalidPeriod: {
    why: "A grant from {from} until {until} (Unix seconds) would never run.",
    todo: "Give an end in the future and after the beginning.",
  },
  RecordGrantsExists: {
    why: "The grant {grantId} was made before.",
    todo: "Draw a new blind for each grant; to lengthen one that runs, renew it.",
  },
  RecordGrantsUnknown: {
    why: "There is no grant {grantId}.",
    todo: "Check the id and the chain; nothing is granted before its transaction is mined.",
  },
  RecordGrantsNotOwner: {
    why: "The grant {grantId} is {owner}'s.",
    todo: "Let its owner change it.",
  },
  RecordGrantsRevoked: { why: "The grant {grantId} was revoked, for ever.", todo: "Make a new grant." },
  RecordGrantsEnded: {
    why: "The grant {grantId} ended at {until} (Unix seconds).",
    todo: "Make a new grant; there is nothing left to revoke.",
  },
  RecordGrantsNotLonger: {
    why: "The grant {grantId} runs until {present} (Unix seconds), and {until} is no later.",
    todo: "Give a later end; to end it sooner, revoke it.",
  },
  RecordGrantsPayloadSize: {
    why: "{length} bytes are no HPKE output within the bounds: 49 to {most}.",
    todo: "Give the encapsulated key and the ciphertext; share more records in further transactions.",
  },
  RecordGrantsRequestExists: {
    why: "The id {request} was used for a request to {owner} before.",
    todo: "Draw another 32 random bytes for each request.",
  },
  RecordGrantsRequestNotOpen: {
    why: "No request {request} to {owner} waits for an answer.",
    todo: "Check the id; a request is answered once, by the account that it was made to.",
  },
  KeyDirectoryInactive: {
    why: "{account} is not active on the user chain, and only active accounts publish a key.",
    todo: "Use the account that was admitted there, or have its suspension ended; revoking works all the same.",
  },
  KeyDirectoryLowOrderKey: {
    why: "The key {key} agrees with everybody on the same secret: whatever is encrypted for it, all can read.",
    todo: "Draw a key pair with a sound X25519 implementation.",
  },
  KeyDirectorySameKey: {
    why: "The key of {account} with version {version} is this very key.",
    todo: "Draw a new key pair.",
  },
  KeyDirectoryOtherVersion: {
    why: "A key of {account} with version {version} can't be published: {expected} is next.",
    todo: "Let the account sign its key as version {expected}; what was published once or is older is refused.",
  },
  KeyDirectoryNotInForce: {
    why: "The key of {account} with version {version} is not in force.",
    todo: "There is nothing to revoke: it was replaced or revoked before, or never published.",
  },
  KeyDirectoryForged: {
    why: "{account} did not sign exactly this.",
    todo: "Let the account sign these very values for this chain and this directory.",
  },
} as const satisfies Record<string, Advice>;
