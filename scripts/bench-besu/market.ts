/**
 * A market to load: cities of as many homes as may trade in a slot, each on one feeder, and windows wide enough that all
 * orders come before the first gate and all readings in one go. Everything else is what any network has.
 */
import { setWindows, slotLengthOf, timesOf, windowsAt, firstUnopenedSlotOf } from "../../sdk/actions/market.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import { MemberRole } from "../../sdk/enums.js";
import { MAX_TREE_METERS } from "../../sdk/bounds.js";
import { MarketView } from "../../sdk/market-view.js";
import type { Windows } from "../../sdk/time/slots.js";
import { clearTree, closeSlots } from "../../sdk/actions/clearing.js";
import { GRID_VERSION, type Grid } from "../grid/schema.js";
import { admitNeighbourhood, type Neighbourhood, type NeighbourhoodNetwork } from "../neighbourhood.js";
import { admitOnce } from "../members.js";
import type { Clock } from "../networks/clock.js";
import type { Operators } from "../networks/operators.js";

const CREDIT = 1_000_000n;
const HOME_DEPOSIT = 1_000n * CREDIT;
const SUPPLIER_DEPOSIT = 1_000_000n * CREDIT;
const PRICE = { retail: 300_000n, feedIn: 100_000n };
/** Wh per slot: more than the orders of a home come to. */
const CONNECTION_WH = 5_000;
/** From gate closure to each deadline there is time to clear all cities' books. */
const DEADLINES = { gateBefore: 150n, feederBefore: 90n, districtBefore: 60n, cityBefore: 30n };
const AFTER = { readingFor: 1_200n, disputeFor: 1_200n, decisionFor: 60n, finalFor: 60n };
/** For the orders, once the last slot is open and before the first slot's gate. */
const ORDER_SECONDS = 180n;
const PARTIES = { supplier: "Bench Power", gridOperator: "Bench Grid", meteringOperator: "Bench Metering" };

export interface MarketOptions {
  readonly homes: number;
  readonly slots: number;
  readonly seed: number;
  /** Homes that are set up at once. */
  readonly homesAtOnce: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface MarketNetwork extends NeighbourhoodNetwork {
  readonly operators: Operators;
  readonly clock: Clock;
}

/** Seconds of a set-up on a chain with a clock of its own: of members and areas one after the other, of homes together. */
function setupSeconds({ homes }: MarketOptions, transactionSeconds: number): number {
  const cities = citiesOf(homes);
  return Math.ceil((40 + 8 * cities) * 1.4 * transactionSeconds + homes / 6 + 60);
}

function citiesOf(homes: number): number {
  return Math.ceil(homes / MAX_TREE_METERS);
}

export class LoadedMarket {
  /** One for each city, so that they are cleared side by side. */
  readonly views: readonly MarketView[];

  private constructor(
    readonly network: MarketNetwork,
    readonly neighbourhood: Neighbourhood,
    /** Connected as the relayer: anyone may clear, close, settle. */
    readonly chain: TransactionChain,
    readonly slots: readonly bigint[],
  ) {
    this.views = neighbourhood.cities.map(() => new MarketView());
  }

  static async open(network: MarketNetwork, options: MarketOptions): Promise<LoadedMarket> {
    const { homes, seed, slots, homesAtOnce, onProgress } = options;
    const waited = await widenWindows(network, slots);
    const seconds = Number(waited) + setupSeconds(options, network.transactionSeconds ?? 0);
    const neighbourhood = await admitNeighbourhood(network, {
      grid: gridOf(homes),
      seed,
      homeDepositMicro: () => HOME_DEPOSIT,
      supplierDepositMicro: SUPPLIER_DEPOSIT,
      price: PRICE,
      pace: { homesAtOnce, seconds, onTransactionChainAlone: true },
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    const chain = withSigner(network.transaction, network.operators.transaction.relayer);
    const first = neighbourhood.firstSlot;
    const own = Array.from({ length: slots }, (_, index) => first + BigInt(index));
    return new LoadedMarket(network, neighbourhood, chain, own);
  }

  /** Waits until all slots can be ordered in. */
  async untilOpen(): Promise<void> {
    const times = await timesOf(this.chain, this.slots.at(-1) ?? 0n);
    await this.network.clock.waitUntil(times.opens);
  }

  /** Clears every slot's books after its gate closure, and closes all slots. */
  async clear(): Promise<void> {
    for (const slot of this.slots) {
      await this.network.clock.waitUntil((await timesOf(this.chain, slot)).gateClosure);
      await this.#inCities((city, view) => clearTree(this.chain, view, { city, slot }));
    }
    await this.#inCities((city, view) => closeSlots(this.chain, view, { city, slots: this.slots }));
  }

  async untilDelivered(): Promise<void> {
    const times = await timesOf(this.chain, this.slots.at(-1) ?? 0n);
    await this.network.clock.waitUntil(times.deliveryEnd);
  }

  async #inCities(act: (city: bigint, view: MarketView) => Promise<unknown>): Promise<void> {
    await Promise.all(
      this.neighbourhood.cities.map(({ area }, index) => act(area, this.views[index] ?? new MarketView())),
    );
  }
}

/** From a slot that is not open yet; by how many seconds longer slots are open before delivery, then. */
async function widenWindows({ transaction, operators }: MarketNetwork, slots: number): Promise<bigint> {
  const [length, unopened] = await Promise.all([slotLengthOf(transaction), firstUnopenedSlotOf(transaction)]);
  const before = await windowsAt(transaction, unopened);
  const opensBefore = BigInt(slots) * length + DEADLINES.gateBefore + ORDER_SECONDS;
  const windows: Windows = { opensBefore, ...DEADLINES, ...AFTER };
  await admitOnce(withSigner(transaction, operators.transaction.council), operators.transaction.regulator.address, [
    MemberRole.Regulator,
  ]);
  const longer = opensBefore - before.opensBefore;
  const MARGIN_SLOTS = 2n; // until the transaction is in a block
  const fromSlot = unopened + (longer > 0n ? longer / length : 0n) + MARGIN_SLOTS;
  await setWindows(withSigner(transaction, operators.transaction.regulator), { windows, fromSlot });
  return longer > 0n ? longer + MARGIN_SLOTS * length : MARGIN_SLOTS * length;
}

function gridOf(homes: number): Grid {
  const size = Math.ceil(homes / citiesOf(homes));
  const cities = Array.from({ length: citiesOf(homes) }, (_, city) => {
    const own = Array.from({ length: Math.min(size, homes - city * size) }, (_home, index) => ({
      home: `${city * size + index + 1}`,
      connectionWh: CONNECTION_WH,
    }));
    const name = `Bench ${city + 1}`;
    const edge = { feeMicroPerKwh: 5_000, capacityWh: null };
    const feeder = { name: `${name} feeder`, ...PARTIES, ...edge, homes: own };
    return { name, districts: [{ name: `${name} district`, ...edge, feeders: [feeder] }] };
  });
  return { version: GRID_VERSION, cities };
}
