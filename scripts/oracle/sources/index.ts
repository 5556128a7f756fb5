/** Meters' own formats in, observations out. */
export {
  fileSourceSchema,
  messageSourceSchema,
  readerOf,
  readFileSource,
  type FileSource,
  type MessageSource,
} from "./config.js";
export { readCsvReadings } from "./csv.js";
export { readNem12, readNem12Folder, type FolderContent } from "./nem12.js";
export {
  MAX_MESSAGE_BYTES,
  type Direction,
  type IntervalObservation,
  type MessageReader,
  type MeterMessage,
  type Observation,
  type RegisterObservation,
} from "./observation.js";
export { parseFixedZone } from "./zone.js";
