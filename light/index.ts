/** Light verification of a Commonwatt chain: pure functions over headers and proofs, in Node and in a browser. */
export * from "./accountant-set.js";
export * from "./any-header.js";
export * from "./header.js";
export * from "./missed-turns.js";
export * from "./receipt.js";
export * from "./seals.js";
export * from "./set-certificate.js";
export * from "./transaction.js";
export * from "./trie.js";
