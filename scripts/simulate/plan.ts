/** What a run does, before any chain exists: the homes with their orders, the grid, and the money that this needs. */
import { drawWillingness, buildOrders, forecastSlots, type OrderProfile, type SlotClock } from "../forecast/index.js";
import { checkHomes, connectionOf, defaultGrid, feedersOf, readGrid, type Grid } from "../grid/index.js";
import { loadNeighbourhood, Random, type Home, type Neighbourhood } from "../inputs/index.js";
import type { MarketParameters } from "../../deploy/parameters.js";
import { costUp } from "../../sdk/units.js";
import { sum } from "./bills.js";
import type { SimulateOptions } from "./options.js";

/** A home with what it will order. Slots are the data's. */
export interface PlannedHome {
  readonly home: Home;
  readonly feeder: string;
  readonly profiles: readonly OrderProfile[];
  /** Enough for all its locks and its grid shares. Micro-credits. */
  readonly depositMicro: bigint;
}

/** A run of homes over slots, and the market it needs. */
export interface Plan {
  readonly inputs: Neighbourhood;
  readonly grid: Grid;
  /** Whether the grid was drawn from the seed. */
  readonly isGridDrawn: boolean;
  readonly homes: readonly PlannedHome[];
  /** What each supplier deposits to pay feed-in and accounting fees. Micro-credits. */
  readonly supplierDepositMicro: bigint;
  readonly highestRetail: bigint;
}

/** How orders are cut: all slots of a profile are open at once. */
export interface OrderRound {
  readonly firstSlot: number;
  readonly count: number;
  /** Forecasts know what was metered before this slot. */
  readonly knownBefore: number;
}

/** The input of a run, read and checked, with its grid. */
export async function loadInputs(options: SimulateOptions): Promise<Pick<Plan, "inputs" | "grid" | "isGridDrawn">> {
  const random = new Random(options.seed);
  const inputs = await loadNeighbourhood(options, random.fork("inputs"));
  const sizes = inputs.homes.map(({ id, peakWh }) => ({ id, peakWh }));
  if (options.grid === undefined) {
    return { inputs, grid: defaultGrid(sizes, inputs.slotSeconds, random.fork("grid")), isGridDrawn: true };
  }
  const grid = await readGrid(options.grid);
  checkHomes(grid, sizes, options.grid);
  return { inputs, grid, isGridDrawn: false };
}

/** Every home's orders, and what must be deposited for them. */
export function planRun(
  { inputs, grid, isGridDrawn }: Pick<Plan, "inputs" | "grid" | "isGridDrawn">,
  market: MarketParameters,
  rounds: readonly OrderRound[],
  seed: number,
): Plan {
  const random = new Random(seed).fork("orders");
  const byId = new Map(inputs.homes.map((home) => [home.id, home]));
  const homes = feedersOf(grid).flatMap(({ feeder }) =>
    feeder.homes.map(({ home: id, connectionWh }): PlannedHome => {
      const home = byId.get(id);
      if (home === undefined) throw new RangeError(`home ${id} of the grid is not in the input`);
      const bounds = {
        minimumWh: BigInt(market.rules.minimumOrderWh),
        connectionWh: BigInt(connectionWh),
        willingness: drawWillingness(random.fork(id)),
      };
      const profiles = rounds.flatMap((round) => {
        const orders = buildOrders(
          forecastOf(inputs, home, round),
          round.firstSlot,
          (slot) => inputs.pricesAt(slot),
          bounds,
        );
        return [...orders.buy, ...orders.sell];
      });
      return { home, feeder: feeder.name, profiles, depositMicro: depositOf(inputs, home, profiles, market) };
    }),
  );
  return {
    inputs,
    grid,
    isGridDrawn,
    homes,
    supplierDepositMicro: supplierDeposit(inputs, market),
    highestRetail: highestRetail(inputs),
  };
}

/** The highest retail price of the run, micro-credits per kWh: the market's cap must be no lower. */
export function highestRetail(inputs: Neighbourhood): bigint {
  return slotsOf(inputs).reduce((highest, slot) => {
    const { retail } = inputs.pricesAt(slot);
    return retail > highest ? retail : highest;
  }, 0n);
}

/** The run's slots, in order. */
export function slotsOf({ firstSlot, slotCount }: Neighbourhood): number[] {
  return Array.from({ length: slotCount }, (_, index) => firstSlot + index);
}

function forecastOf(
  inputs: Neighbourhood,
  home: Home,
  { firstSlot, count, knownBefore }: OrderRound,
): ReturnType<typeof forecastSlots> {
  const clock: SlotClock = inputs;
  const past = { valueAt: (slot: number) => (slot < knownBefore ? home.valueAt(slot) : undefined) };
  return forecastSlots(past, clock, firstSlot, count, home.solarPeakWh);
}

/** All locks of the run at once (they are held until their final dates), all import at retail, and the reserve. */
function depositOf(
  inputs: Neighbourhood,
  home: Home,
  profiles: readonly OrderProfile[],
  { rules }: MarketParameters,
): bigint {
  const locks = profiles.flatMap(({ side, wh, limits }) =>
    wh.map((energy, index) => costUp(energy, side === "sell" ? BigInt(rules.bondRate) : (limits[index] ?? 0n))),
  );
  const imports = slotsOf(inputs).map((slot) => {
    // a silent meter can be settled at its whole connection
    const wh = home.valueAt(slot)?.importWh ?? connectionOf(home, inputs.slotSeconds);
    return costUp(BigInt(wh), inputs.pricesAt(slot).retail);
  });
  return wholeCredits(sum(locks) + sum(imports) + BigInt(rules.reservePerMeterMicro));
}

/** All export at feed-in, twice for what goes to and fro, and the accounting fees. */
function supplierDeposit(inputs: Neighbourhood, { rules }: MarketParameters): bigint {
  const fees = BigInt(rules.accountingFeeMicro) * BigInt(inputs.homes.length * inputs.slotCount);
  const feedIn = inputs.homes.map((home) =>
    sum(slotsOf(inputs).map((slot) => costUp(BigInt(home.valueAt(slot)?.exportWh ?? 0), inputs.pricesAt(slot).feedIn))),
  );
  return wholeCredits(2n * sum(feedIn) + fees);
}

const CREDIT = 1_000_000n;

/** Up to the next whole credit, and one more. */
function wholeCredits(micro: bigint): bigint {
  return (micro / CREDIT + 2n) * CREDIT;
}
