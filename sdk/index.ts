/**
 * The SDK: typed functions over the deployed contracts, plain values in and out, bigint for every on-chain number. Runs
 * in Node and in a browser; what needs a file system is in `commonwatt/sdk/node`.
 *
 * ```ts
 * const provider = await openEndpoint(endpointOf(deployment, "transaction"), deployment, "transaction");
 * const chain = await connectTransactionChain(deployment, new Wallet(key, provider));
 * await deposit(chain, { amountMicro: parseCredits("12.5") });
 * ```
 */
export * from "./actions/accountants.js";
export * from "./actions/admittance.js";
export * from "./actions/anchored-records.js";
export * from "./actions/anchors.js";
export * from "./actions/attestations.js";
export * from "./actions/backups.js";
export * from "./actions/ballots.js";
export * from "./actions/block-proofs.js";
export * from "./actions/clearing.js";
export * from "./actions/credits.js";
export * from "./actions/decisions.js";
export * from "./actions/devices.js";
export * from "./actions/disputes.js";
export * from "./actions/election.js";
export * from "./actions/emergency.js";
export * from "./actions/escrow.js";
export * from "./actions/federation.js";
export * from "./actions/fees.js";
export * from "./actions/governance.js";
export * from "./actions/grant-history.js";
export * from "./actions/grants.js";
export * from "./actions/grid.js";
export * from "./actions/key-directory.js";
export * from "./actions/market.js";
export * from "./actions/nodes.js";
export * from "./actions/orders.js";
export * from "./actions/outcomes.js";
export * from "./actions/personal-records.js";
export * from "./actions/readings.js";
export * from "./actions/settlement.js";
export * from "./actions/state-proofs.js";
export * from "./actions/turns.js";
export * from "./admittance/enode.js";
export * from "./admittance/lists.js";
export * from "./admittance/standings.js";
export * from "./bill-sums.js";
export * from "./bounds.js";
export * from "./connect.js";
export { CONTRACT_INTERFACES, decodeError, type TransactionContracts, type UserContracts } from "./contracts.js";
export * from "./deployments/index.js";
export * from "./election/order.js";
export * from "./election/words.js";
export * from "./enums.js";
export { ERROR_ADVICE, type Advice } from "./error-advice.js";
export { CommonwattError, isCommonwattError, type ErrorArgs } from "./errors.js";
export * from "./events.js";
export { latestHead, type Head } from "./latest-head.js";
export * from "./market-view.js";
export * from "./merkle.js";
export * from "./record-history.js";
export * from "./signing/devices.js";
export * from "./signing/election.js";
export * from "./signing/encryption-keys.js";
export * from "./signing/grants.js";
export * from "./signing/nodes.js";
export * from "./signing/orders.js";
export * from "./signing/permit.js";
export * from "./signing/readings.js";
export * from "./signing/typed-data.js";
export * from "./time/slots.js";
export type { Receipt, TransactionOverrides } from "./transact.js";
export * from "./units.js";

/** The audit: every balance rebuilt from events. */
export * as audit from "./audit/index.js";
/** The clearing engine: pure, O(n log n). */
export * as clearing from "./clearing/index.js";
/** The codecs of packed words. */
export * as records from "./records.js";
/** The settlement model: what a slot comes to, computed off chain. */
export * as settlement from "./settlement/index.js";
