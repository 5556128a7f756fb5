/** The clearing engine, and what Clearing takes of its results. */
export * from "./books.js";
export * from "./merge.js";
export * from "./tree.js";
