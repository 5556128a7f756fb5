/** Readings and tariff files in, a checked neighbourhood out. */
export { InputError, type InputPlace } from "./error.js";
export {
  loadNeighbourhood,
  type Home,
  type InputOptions,
  type MeterValue,
  type Neighbourhood,
} from "./neighbourhood.js";
export { Random } from "./random.js";
export { Silence } from "./readings.js";
export { DEFAULT_FROM } from "./select.js";
export type { Prices } from "./tariff.js";
