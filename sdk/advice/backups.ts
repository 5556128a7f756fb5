/** What BackupRegister refuses, and what to do about it. */
import type { Advice } from "./advice.js";

export const BACKUPS_ERRORS = {
  BackupRegisterInactive: {
    why: "{member} is no active member, and only those publish which blocks they keep.",
    todo: "Check the address and the chain, or have the member's suspension ended.",
  },
  BackupRegisterInvalidCount: {
    why: "{count} ranges are given in one call, and 1 to {most} are taken.",
    todo: "Publish them in parts of {most}.",
  },
  BackupRegisterInvalidRange: {
    why: "The range from block {from} to {to} is empty, too long, or ends after the present block {present}.",
    todo: "Give the first and the last block of an archive file, at most 8,192 blocks.",
  },
  BackupRegisterZeroRoot: {
    why: "The range from block {from} on is given without a root.",
    todo: "Give the root over its block hashes; to say that the blocks are not kept, withdraw them.",
  },
  BackupRegisterNothingPublished: {
    why: "{member} published no blocks.",
    todo: "Check the address and the chain: each has its own register.",
  },
} as const satisfies Record<string, Advice>;
