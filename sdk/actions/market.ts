/** Rules, calendar and tariffs of the market. Prices in micro-credits per kWh, times in Unix seconds. */
import type { TransactionChain } from "../connect.js";
import type { SlotTimes, Windows } from "../time/slots.js";
import { ask, plain, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** The regulator's parameters (MarketTypes.RuleSet). */
export interface RuleSet {
  readonly bondRate: bigint;
  readonly escalationRate: bigint;
  readonly retailCap: bigint;
  readonly edgeFeeCap: bigint;
  readonly minimumOrderWh: bigint;
  readonly escalationThreshold: bigint;
  readonly escalationWindow: bigint;
  readonly accountingFeeMicro: bigint;
  readonly reservePerMeterMicro: bigint;
}

/** Sets the rules from a slot on. The regulator. */
export function setRules(
  chain: TransactionChain,
  { rules, fromSlot }: { readonly rules: RuleSet; readonly fromSlot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.marketRules.setRules(rules, fromSlot, overrides));
}

/** Sets the windows from a slot on. The regulator. */
export function setWindows(
  chain: TransactionChain,
  { windows, fromSlot }: { readonly windows: Windows; readonly fromSlot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.marketRules.setWindows(windows, fromSlot, overrides));
}

/** The rules in force for a slot. */
export async function rulesAt(chain: TransactionChain, slot: bigint): Promise<RuleSet> {
  return plain(await ask(() => chain.contracts.marketRules.rulesAt(slot)));
}

/** The windows in force for a slot. */
export async function windowsAt(chain: TransactionChain, slot: bigint): Promise<Windows> {
  return plain(await ask(() => chain.contracts.marketRules.windowsAt(slot)));
}

/** All dates of a slot, as the chain has them. */
export async function timesOf(chain: TransactionChain, slot: bigint): Promise<SlotTimes> {
  return plain(await ask(() => chain.contracts.marketCalendar.timesOf(slot)));
}

/** The first slot that a schedule may still decide. */
export function firstUnopenedSlotOf(chain: TransactionChain): Promise<bigint> {
  return ask(() => chain.contracts.marketCalendar.firstUnopenedSlot());
}

/** Length of every slot, in seconds. */
export function slotLengthOf(chain: TransactionChain): Promise<bigint> {
  return ask(() => chain.contracts.marketCalendar.slotLength());
}

export interface PostponeParameters {
  readonly firstSlot: bigint;
  readonly lastSlot: bigint;
  readonly bySeconds: bigint;
}

/**
 * Calls for moving the dates after delivery that have not passed, once per slot; they move when more than half of the
 * metering operators call for the same. A metering operator.
 */
export function postpone(
  chain: TransactionChain,
  { firstSlot, lastSlot, bySeconds }: PostponeParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.marketCalendar.postpone(firstSlot, lastSlot, bySeconds, overrides));
}

/** A supplier's prices of one slot. */
export interface Price {
  readonly retail: bigint;
  /** At most retail. */
  readonly feedIn: bigint;
}

/** Sets the standing price of a feeder from a slot on. Its supplier. */
export function setStandingPrice(
  chain: TransactionChain,
  { feeder, fromSlot, retail, feedIn }: { readonly feeder: bigint; readonly fromSlot: bigint } & Price,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.tariffs.setStandingPrice(feeder, fromSlot, retail, feedIn, overrides));
}

export interface SetPricesParameters {
  readonly feeder: bigint;
  readonly firstSlot: bigint;
  /** One a slot; more than {@link MAX_PRICED_SLOTS} go out in several transactions. */
  readonly prices: readonly Price[];
}

/** Most slots that one transaction prices (Tariffs.MAX_SLOTS). */
export const MAX_PRICED_SLOTS = 192;

/** Sets prices slot by slot. The feeder's supplier. */
export async function setPrices(
  chain: TransactionChain,
  { feeder, firstSlot, prices }: SetPricesParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (let from = 0; from < prices.length; from += MAX_PRICED_SLOTS) {
    const part = prices.slice(from, from + MAX_PRICED_SLOTS);
    const retail = part.map((price) => price.retail);
    const feedIn = part.map((price) => price.feedIn);
    receipts.push(
      await transact(chain, () =>
        chain.contracts.tariffs.setPrices(feeder, firstSlot + BigInt(from), retail, feedIn, overrides),
      ),
    );
  }
  return receipts;
}

/** What holds on a feeder in a slot (MarketTypes.FeederTerms). */
export interface FeederTerms extends Price {
  readonly district: bigint;
  readonly city: bigint;
  readonly supplier: string;
  readonly gridOperator: string;
  readonly meteringOperator: string;
  readonly feederFee: bigint;
  readonly districtFee: bigint;
}

/** Everything that holds on a feeder in a slot, prices and fees as in force. */
export async function termsAt(chain: TransactionChain, feeder: bigint, slot: bigint): Promise<FeederTerms> {
  return plain(await ask(() => chain.contracts.tariffs.termsAt(feeder, slot)));
}
