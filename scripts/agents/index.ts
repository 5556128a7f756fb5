/** The agents of simulated homes. */
export { Agents, type AgentHome, type AgentsParts, type SlotRange } from "./agents.js";
export { checkVaults, type SettledRun, type VaultSummary } from "./check.js";
export { ciphertextBytes, openStores, type VaultStores } from "./stores.js";
