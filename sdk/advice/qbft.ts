/** What the QBFT libraries refuse, on chain and in light/ alike, and what to do about it. */
import type { Advice } from "./advice.js";

const NOT_A_HEADER = "Give the header as debug_getRawHeader or encodeHeader makes it, whole and unchanged.";

export const QBFT_ERRORS = {
  QbftHeaderWrongLength: {
    why: "{length} bytes are given, and the header doesn't announce itself as a list of that length.",
    todo: NOT_A_HEADER,
  },
  QbftHeaderWrongItem: {
    why: "The header's item at byte {position} doesn't have its field's length, or is missing.",
    todo: NOT_A_HEADER,
  },
  QbftHeaderWrongInteger: {
    why: "The header's item at byte {position} is no canonical integer of at most 64 bits.",
    todo: NOT_A_HEADER,
  },
  QbftHeaderWrongExtraData: {
    why: "The header's extraData is wrong at byte {position}: vanity, no validators, no vote, round and seals are expected.",
    todo: "Give a header of a QBFT chain whose validators come from a contract.",
  },
  QbftHeaderWrongSeal: { why: "The seal at byte {position} doesn't have 65 bytes.", todo: NOT_A_HEADER },
  QbftHeaderTrailingBytes: {
    why: "Something follows the header's last field, from byte {position} on.",
    todo: "Cut it off; if a fork has added a field, this version can't read it yet.",
  },
  QbftSealsUnrecoverable: {
    why: "No key could have made the seal with index {index}.",
    todo: "Take the header from another node.",
  },
  QbftSealsForeignSigner: {
    why: "{signer}, who made the seal with index {index}, is not in the set.",
    todo: "Check that the set is the one in force for this block: that of the state after its parent.",
  },
  QbftSealsRepeatedSigner: {
    why: "{signer} made the seal with index {index} and another one before it.",
    todo: "Take the header from another node.",
  },
  QbftSealsNoQuorum: {
    why: "{count} sealed the header, and {quorum} must.",
    todo: "Take the header from another node; each keeps its own selection of seals.",
  },
  QbftSealsNotOneSeal: {
    why: "A header shown as evidence has {count} seals.",
    todo: "Leave the seal of the accused alone (withSealOf).",
  },
  QbftSealsDifferentTurns: {
    why: "The two headers are not of the same parent, number and round.",
    todo: "Nothing is proven by them: sealing again in a later round is no fault.",
  },
  QbftSealsSameDigest: {
    why: "Both headers have the seal digest {digest}: they are one.",
    todo: "Show two different blocks.",
  },
  QbftSealsDifferentSigners: {
    why: "{first} sealed one header and {second} the other.",
    todo: "Show two seals of the same accountant.",
  },
  AccountantSetsEmpty: { why: "The set of accountants is empty.", todo: "Give the set in force for the block." },
  AccountantSetsNotAscending: {
    why: "The set is not ascending at index {index}, or names somebody twice.",
    todo: "Sort the node addresses and name each once.",
  },
  MissedTurnsForeignCoinbase: {
    why: "{coinbase} made the block and is not in the set.",
    todo: "Check that the set is the one in force for this block: that of the state after its parent.",
  },
  MissedTurnsWrongTime: {
    why: "The block's time {timestamp} is not after its parent's {parentTimestamp} (Unix seconds).",
    todo: "Give a block and the block before it, in that order.",
  },
} as const satisfies Record<string, Advice>;
