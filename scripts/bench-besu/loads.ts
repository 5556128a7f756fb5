/** What the benchmark sends: plain transfers, orders, readings, settlements; all signed before the clock runs. */
import { ZeroAddress } from "ethers";

import { energyMarketOf } from "../../sdk/actions/orders.js";
import { timesOf } from "../../sdk/actions/market.js";
import { meterLedgerOf } from "../../sdk/actions/readings.js";
import { settleCalls } from "../../sdk/actions/settlement.js";
import { ReadingStatus, Side } from "../../sdk/enums.js";
import { unpackPositions } from "../../sdk/records.js";
import { signOrder, type SignedOrder } from "../../sdk/signing/orders.js";
import { seriesOf, signSeries, type Reading, type SignedReading } from "../../sdk/signing/readings.js";
import type { NeighbourHome } from "../neighbourhood.js";
import { RELAY_GAS, relayBatches } from "../simulate/market-run.js";
import { LoadSigner, type LoadTransaction } from "./load.js";
import type { LoadedMarket } from "./market.js";

const TRANSFER_GAS = 21_000;
/** As many as a meter may have in a slot. */
export const ORDERS_PER_HOME = 4;
const ORDER_WH = 50n;
const LIMITS = { [Side.Sell]: 120_000n, [Side.Buy]: 250_000n };
/** A transaction that several fit into a block of; the largest that the contracts are made for would leave blocks part empty. */
const TRANSACTION_GAS = 5_000_000;
/** A hundred, and four more where a series would be cut: what the oracle sends. */
const METERS_PER_BATCH = 13;
const READING_GAS = { call: 150_000, reading: 22_000 };
const SETTLE_GAS = { call: 200_000, position: 26_000 };

/** The signers of a load: the homes' own accounts, which are admitted, so that nodes list them. */
export async function signersOf(market: LoadedMarket): Promise<LoadSigner[]> {
  const { homes } = market.neighbourhood;
  return Promise.all(homes.map(({ chain }, lane) => LoadSigner.open(market.chain, chain.signer, lane)));
}

/** Plain transfers of nothing: gas is free, and so accounts have no native coin. */
export function transfers(signers: readonly LoadSigner[], count: number): LoadTransaction[] {
  const call = { to: ZeroAddress, data: "0x", gasLimit: TRANSFER_GAS, units: 1 };
  return Array.from({ length: count }, (_, index) => inTurn(signers, index).sign(call));
}

/** Each home's orders, one profile over all slots each: every other home sells. */
export async function orders(market: LoadedMarket, signers: readonly LoadSigner[]): Promise<LoadTransaction[]> {
  const { chain, slots, neighbourhood } = market;
  const { energyMarket } = chain.contracts;
  const to = await energyMarket.getAddress();
  const relayDeadline = (await timesOf(chain, slots[0] ?? 0n)).gateClosure;
  const signed = await Promise.all(
    Array.from({ length: ORDERS_PER_HOME }, (_, nonce) =>
      neighbourhood.homes.map(async (home, index) => ({
        home,
        order: await profileOf(market, home, { isSeller: index % 2 === 0, nonce: BigInt(nonce + 1), relayDeadline }),
      })),
    ).flat(),
  );
  const batches = neighbourhood.feeders.map(({ area }) => {
    const own = signed.filter(({ home }) => home.feeder.area === area).map(({ order }) => order);
    return relayBatches(own, slots.length, TRANSACTION_GAS).map((batch) => ({ area, batch }));
  });
  // a lane for each feeder
  const perFeeder = batches.map((own, lane) =>
    own.map(({ area, batch }) => {
      const relayed = batch.map(({ order, r, vs }) => {
        return { order: { ...order, wh: [...order.wh], limits: [...order.limits] }, r, vs };
      });
      const data = energyMarket.interface.encodeFunctionData("relay", [area, relayed]);
      const gasLimit = RELAY_GAS.book * slots.length + batch.length * (RELAY_GAS.order + RELAY_GAS.slot * slots.length);
      return inTurn(signers, lane).sign({ to, data, gasLimit, units: batch.length });
    }),
  );
  return interleaved(perFeeder);
}

function profileOf(
  { chain, slots }: LoadedMarket,
  { meter, chain: own }: NeighbourHome,
  { isSeller, nonce, relayDeadline }: { isSeller: boolean; nonce: bigint; relayDeadline: bigint },
): Promise<SignedOrder> {
  const side = isSeller ? Side.Sell : Side.Buy;
  return signOrder(own.signer, energyMarketOf(chain), {
    ...{ meter, side, nonce, relayDeadline, firstSlot: slots[0] ?? 0n },
    wh: slots.map(() => ORDER_WH),
    limits: slots.map(() => LIMITS[side]),
  });
}

/** Each meter's readings of all slots, one signature for each series, in the oracle's batches. */
export async function readings(market: LoadedMarket, signers: readonly LoadSigner[]): Promise<LoadTransaction[]> {
  const { meterLedger } = market.chain.contracts;
  const to = await meterLedger.getAddress();
  const signed = await Promise.all(market.neighbourhood.homes.map((home, index) => seriesBy(market, home, index)));
  const batches = Array.from({ length: Math.ceil(signed.length / METERS_PER_BATCH) }, (_, batch) =>
    signed.slice(batch * METERS_PER_BATCH, (batch + 1) * METERS_PER_BATCH).flat(),
  );
  return batches.map((batch, lane) => {
    const data = meterLedger.interface.encodeFunctionData("submit", [batch]);
    const gasLimit = READING_GAS.call + READING_GAS.reading * batch.length;
    return inTurn(signers, lane).sign({ to, data, gasLimit, units: batch.length });
  });
}

async function seriesBy(
  { chain, slots }: LoadedMarket,
  { meter, device }: NeighbourHome,
  index: number,
): Promise<SignedReading[]> {
  const sold = ORDER_WH * BigInt(ORDERS_PER_HOME);
  const [importWh, exportWh] = index % 2 === 0 ? [0n, sold] : [sold, 0n];
  const own = slots.map((slot): Reading => {
    return { meter, slot, importWh, exportWh, status: ReadingStatus.Actual, sequence: 1n };
  });
  const ledger = meterLedgerOf(chain);
  return (await Promise.all(seriesOf(own).map((series) => signSeries(device, ledger, series)))).flat();
}

/** Each city's slots, as many in a transaction as fit, by what the chain shows after the readings. */
export async function settlements(market: LoadedMarket, signers: readonly LoadSigner[]): Promise<LoadTransaction[]> {
  const { chain, neighbourhood, slots, views } = market;
  const { settlement } = chain.contracts;
  const to = await settlement.getAddress();
  const perCity = await Promise.all(
    neighbourhood.cities.map(async ({ area: city }, lane) => {
      const view = await views[lane]?.sync(chain);
      if (view === undefined) throw new Error("each city has a view");
      const settled = slots.flatMap((slot) => {
        const positions = unpackPositions(view.closedSlotOf(city, slot)?.positions ?? []).length;
        return settleCalls(chain, view, { city, slot }).map(({ data }) => ({ data, positions }));
      });
      return batchesOf(settled).map((batch) => {
        const units = batch.reduce((sum, { positions }) => sum + positions, 0);
        const calls = batch.map(({ data }) => data);
        const data =
          calls.length === 1 ? (calls[0] ?? "0x") : settlement.interface.encodeFunctionData("multicall", [calls]);
        return inTurn(signers, lane).sign({ to, data, gasLimit: gasOf(batch), units });
      });
    }),
  );
  return interleaved(perCity);
}

interface SettleCall {
  readonly data: string;
  readonly positions: number;
}

function gasOf(calls: readonly SettleCall[]): number {
  return calls.reduce((gas, { positions }) => gas + SETTLE_GAS.call + SETTLE_GAS.position * positions, 0);
}

/** Calls in their order, as many together as one transaction's gas allows. */
function batchesOf(calls: readonly SettleCall[]): SettleCall[][] {
  const batches: SettleCall[][] = [];
  for (const call of calls) {
    const last = batches.at(-1);
    if (last !== undefined && gasOf([...last, call]) <= TRANSACTION_GAS) last.push(call);
    else batches.push([call]);
  }
  return batches;
}

/** One of each list, then the next of each: so that all nodes are sent something from the start. */
function interleaved<Item>(lists: readonly (readonly Item[])[]): Item[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list.slice(index, index + 1))).flat();
}

function inTurn(signers: readonly LoadSigner[], index: number): LoadSigner {
  const signer = signers[index % signers.length];
  if (signer === undefined) throw new Error("there is no account to send from");
  return signer;
}
