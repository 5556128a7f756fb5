/** The grid that a run stands on. */
export { connectionOf, defaultGrid, type HomeSize } from "./default-grid.js";
export { checkHomes, parseGrid, readGrid, writeGrid } from "./grid-file.js";
export * from "./schema.js";
