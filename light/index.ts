/** Light verification of a Commonwatt chain: pure functions over headers and proofs, in Node and in a browser. */
export * from "./accountant-set.js";
export * from "./any-header.js";
export * from "./decoded-receipt.js";
export * from "./header.js";
export * from "./missed-turns.js";
export * from "./ordered-trie.js";
export * from "./receipts.js";
export * from "./seals.js";
export * from "./set-certificate.js";
export * from "./state-root.js";
export * from "./transactions.js";
export * from "./trie-proof.js";
