/** Each home's forecast and the orders it makes of it. */
export * from "./forecast.js";
export * from "./orders.js";
export { STANDARD_DAY_WH } from "./standard.js";
