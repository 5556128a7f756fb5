/** What the vault refuses, and what to do about it. No text here takes content, labels, words or passwords. */
import type { Advice } from "./advice.js";

export const VAULT_ERRORS = {
  VaultContentInvalid: {
    why: "The content can't be sealed or read: {reason}.",
    todo: "Give at least one slot, each under a label of its own; if it came from a store, use the version that wrote it.",
  },
  VaultRecordOversized: {
    why: "The record is {bytes} bytes long; at most {most} are taken.",
    todo: "Split it into several records.",
  },
  VaultFormatUnknown: {
    why: "Record {record} is sealed in format {format}, which this version doesn't know.",
    todo: "Update the SDK.",
  },
  VaultCiphertextTruncated: {
    why: "The ciphertext of record {record}, version {version}, has {bytes} bytes: some are missing.",
    todo: "Fetch it from another replica.",
  },
  VaultCiphertextForeign: {
    why: "The ciphertext doesn't open as record {record}, version {version}: it belongs to another one, was changed, or the key is wrong.",
    todo: "Check that chain, contract and stores belong together; ask another share store.",
  },
  VaultCommitmentMismatch: {
    why: "Record {record}, version {version}, opens to something else than was committed to.",
    todo: "Don't rely on it: whoever wrote it committed to other content.",
  },
  VaultLocatorInvalid: {
    why: "The chain's {bytes} bytes say in no known way where the ciphertext is.",
    todo: "Update the SDK.",
  },
  VaultContentMissing: {
    why: "The store {store} has no content {hash}, and no other replica has it unaltered.",
    todo: "Add a replica that has it.",
  },
  VaultContentAltered: {
    why: "The store {store} gave something else for content {hash}, and no other replica has it unaltered.",
    todo: "Add a replica that has it; don't trust that store.",
  },
  VaultStoreUnreachable: {
    why: "The store {store} failed: {reason}.",
    todo: "Check its address, credentials and space, and try again.",
  },
  VaultNoContentStore: {
    why: "The record is too large for the chain, and the vault has no content store.",
    todo: "Give the vault at least one.",
  },
  VaultNoShareStore: {
    why: "The vault has no share store.",
    todo: "Give it at least one: without one nothing could be erased.",
  },
  VaultShareMissing: {
    why: "The share store {store} has no share of that version of record {record}.",
    todo: "Ask the other share stores; with none of them having it, the version is lost.",
  },
  VaultRequestRefused: {
    why: "The share store refused the request for record {record}: {reason}.",
    todo: "Sign a fresh request with the right account, for the right store, by the right clock.",
  },
  VaultRequestMalformed: {
    why: "The request is not of the form that a share store takes: {reason}.",
    todo: "Send what this version of the SDK sends; docs/vault.md has the form.",
  },
  VaultStoreAddressInvalid: {
    why: "{url} is no address of a share store.",
    todo: "Give an https: address; http: is for stores on this machine alone, for their answers are shares in clear.",
  },
  VaultStoreOtherChain: {
    why: "The share store {store} keeps shares for contract {personalRecords} of chain {chainId}, and not for this user chain.",
    todo: "Use a store of this user chain.",
  },
  VaultReceiptInvalid: {
    why: "The share store {store} gave no valid receipt for record {record}.",
    todo: "Take the record as not erased there; ask the store's keeper.",
  },
  VaultErasureIncomplete: {
    why: "Record {record} is not erased: {forgotten} stores have forgotten it, but not {stores}.",
    todo: "Run it again when they answer; the chain is told only when all have.",
  },
  VaultShareStoreUnknown: {
    why: "Shares of versions {versions} of record {record} may be in a store besides {stores}: they would outlive the erasure.",
    todo: "Name all share stores that the vault had when they were written. Where one is gone, or somebody else wrote them: erase with --despite-unknown-stores.",
  },
  VaultTooManyShareStores: { why: "A vault has {most} share stores at most.", todo: "Name fewer." },
  VaultReceiptsDiffer: {
    why: "Record {record} was erased with receipts of other stores than these, whose hash is {hash}.",
    todo: "Name the share stores that the vault had then: theirs are the receipts that the chain vouches for.",
  },
  VaultRecordErased: { why: "Record {record} was erased at {erasedAt}.", todo: "Nothing opens it any more." },
  VaultRecordForeign: {
    why: "{owner} has no record {record}.",
    todo: "Check the record's id and the account; one can't read or grant what one doesn't own.",
  },
  VaultVersionUnknown: { why: "Record {record} has no version {version}.", todo: "See its history." },
  VaultVersionReplayed: {
    why: "Record {record} came as version {version}, where {expected} was expected.",
    todo: "When reading: the chain's node serves the past, ask another. When writing: read first, someone wrote meanwhile.",
  },
  VaultHistoryBroken: {
    why: "Record {record} has {last} versions by its state, but the chain's node gave {versions} events that don't fit.",
    todo: "Ask another node.",
  },
  VaultWrongKey: {
    why: "None of the {keys} keys opens it: it was wrapped for another, or was changed.",
    todo: "Use the seed phrase of the account that it was wrapped for.",
  },
  VaultKeyForeign: {
    why: "The directory's key of {account} is not the one of this seed phrase.",
    todo: "Use the seed phrase that published it, or rotate to a key of this one.",
  },
  VaultKeyMissing: {
    why: "{account} has no encryption key in the directory.",
    todo: "It must publish one first.",
  },
  VaultKeyRevoked: {
    why: "Key {number} of {account} was revoked.",
    todo: "Its owner must publish the next one first (rotate).",
  },
  VaultPublicKeyInvalid: { why: "An X25519 key has 32 bytes, not {bytes}.", todo: "Give the whole key." },
  VaultLowOrderPoint: {
    why: "The point {point} is of low order: whatever is wrapped with it, anybody can open.",
    todo: "Don't use it; whoever gave it is broken or hostile.",
  },
  VaultWrappingTruncated: {
    why: "The wrapped key has {bytes} bytes: some are missing.",
    todo: "Read it from the chain again, whole.",
  },
  VaultPhraseInvalid: {
    why: "The seed phrase of {words} words is none: a word is not in the list, or the check doesn't fit.",
    todo: "Compare it with the paper, word for word and in order.",
  },
  VaultKeystoreUnopened: {
    why: "The keystore doesn't open.",
    todo: "Check the password, and that the file is a whole JSON keystore.",
  },
  VaultKeystoreForeign: {
    why: "The keystore holds no seed phrase that fits its key.",
    todo: "Use a keystore that this SDK wrote, unchanged.",
  },
  VaultGrantUnknown: { why: "There is no grant {grantId} of that kind.", todo: "Check its id, and whose it is." },
  VaultGrantPeriodInvalid: {
    why: "A grant from {from} until {until} never runs.",
    todo: "Let it end after it begins; both are Unix seconds.",
  },
  VaultPurposeTooLong: { why: "The purpose is longer than {most} bytes.", todo: "Say it shorter." },
  VaultGrantNotRunning: {
    why: "Grant {grantId} doesn't run: {reason}.",
    todo: "Ask its owner to renew it or to grant anew.",
  },
  VaultGrantPayloadInvalid: {
    why: "What was wrapped under grant {grantId} is not what the chain commits to.",
    todo: "Ask its owner to grant anew.",
  },
  VaultNotShared: {
    why: "Grant {grantId} shares no such version of record {record}.",
    todo: "Ask its owner to share it.",
  },
  VaultScopeExceeded: {
    why: "Record {record}, version {version}, is outside the scope of grant {grantId}.",
    todo: "Grant it by itself.",
  },
  VaultRequestUnknown: {
    why: "Nobody brought {owner} a request {request}.",
    todo: "See the requests that wait; one off the chain is accepted by a grant.",
  },
  VaultRequestAnswered: {
    why: "Request {request} was answered before.",
    todo: "Grant by itself, or revoke the grant.",
  },
  VaultRequestUnreadable: {
    why: "Request {request} doesn't open with the vault's keys, or who asks didn't sign it.",
    todo: "Decline it: what it asks for and who asks can't be known.",
  },
  VaultSlotUnknown: {
    why: "None of the record's {slots} slots has that label.",
    todo: "Read the record to see its labels.",
  },
  VaultProofInvalid: {
    why: "This is no slot of a vault as it is shown to others: {reason}.",
    todo: "Use the file as it was written, whole and unchanged.",
  },
  VaultProofOtherChain: {
    why: "The slot is of contract {personalRecords} on chain {chainId}, not of the user chain that was asked.",
    todo: "Verify it on the chain that it is of.",
  },
  VaultProofFalse: {
    why: "The chain's commitment of {owner}'s record {record}, version {version}, doesn't bear the slot out.",
    todo: "Don't rely on it: it was changed, or is of another version.",
  },
  VaultRotationInterrupted: {
    why: "The rotation stopped after {done} of {total} records: {reason}.",
    todo: "Run it again: it goes on from there, and meanwhile every record still opens.",
  },
  VaultArchiveInvalid: {
    why: "The archive is not valid at line {line}: {reason}.",
    todo: "Use the file as it was exported, whole and unchanged.",
  },
  VaultImportConflict: {
    why: "Record {record}, version {version}, is here already with other content.",
    todo: "Import into a vault that hasn't written that record itself.",
  },
  VaultHolderUnproven: {
    why: "Nothing says that meter {meter} belongs to the vault's owner.",
    todo: "Ask the owner for a word that the meter's holder signed for you, and that has not ended.",
  },
  VaultUnsettled: {
    why: "The transaction chain has not settled slot {slot} of that meter, or not finally.",
    todo: "Check again after its final date.",
  },
  VaultSettlementDiffers: {
    why: "What was shown of slot {slot} differs in {field} from what the transaction chain settled.",
    todo: "Don't rely on it: the record is wrong, or older than a correction.",
  },
} as const satisfies Record<string, Advice>;
