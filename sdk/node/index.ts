/** The parts of the SDK that touch the file system. */
export * from "./deployments.js";
