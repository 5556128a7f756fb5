/** The rules of a market that somebody else deployed. */
import { marketParameters, type MarketParameters } from "../../deploy/parameters.js";
import { firstUnopenedSlotOf, rulesAt, slotLengthOf, windowsAt } from "../../sdk/actions/market.js";
import { InputError } from "../inputs/index.js";
import type { OpenNetwork } from "../networks/index.js";
import type { SimulateOptions } from "./options.js";

/** The market that a network already has. */
export async function marketOf(
  { transaction }: OpenNetwork,
  { network, slotSeconds }: Pick<SimulateOptions, "network" | "slotSeconds">,
): Promise<MarketParameters> {
  const [slotLength, slot] = [await slotLengthOf(transaction), await firstUnopenedSlotOf(transaction)];
  if (slotSeconds !== undefined && BigInt(slotSeconds) !== slotLength) {
    throw new InputError(
      { file: "--slot-seconds" },
      `the slots of network ${network} are ${slotLength} s long, not ${slotSeconds}`,
      "Leave the option out, or start the chains with that length (npm run chains -- --slot-seconds).",
    );
  }
  const base = await marketParameters(Number(slotLength));
  const rules = await rulesAt(transaction, slot);
  return {
    ...base,
    rules: { ...base.rules, ...numbers(rules), reservePerMeterMicro: rules.reservePerMeterMicro },
    windows: { ...base.windows, ...numbers(await windowsAt(transaction, slot)) },
  };
}

function numbers<Struct extends object>(struct: Struct): { [Key in keyof Struct]: number } {
  const entries = Object.entries(struct).map(([name, value]) => [name, Number(value)]);
  return Object.fromEntries(entries) as { [Key in keyof Struct]: number };
}
