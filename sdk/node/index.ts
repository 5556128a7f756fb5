/** The parts of the SDK that touch the file system. */
export * from "./deployments.js";
export * from "./vault-folder.js";
export * from "./vault-s3.js";
