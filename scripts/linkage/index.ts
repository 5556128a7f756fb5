/** The linkage test: how well an attacker who sees both chains joins the accounts of homes. */
export { assign } from "./assignment.js";
export { attack, ownHomes, TOGETHER, type Attempt } from "./attack.js";
export { measureLinkage, type StrategyResult } from "./measure.js";
export { observeMarket, observeVaults, type MarketAccount, type VaultAccount } from "./observe.js";
export { replayVaults, type FinishedMarket } from "./replay.js";
