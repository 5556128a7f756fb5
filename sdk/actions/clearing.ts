/** Clearing a slot, book by book, and closing it. Anyone may; exactly one submission is valid. */
import {
  clearCity,
  closeSlot as closeSubmission,
  type CityTree,
  type CloseSubmission,
  type FeederSubmission,
  type ParentSubmission,
  type TreeDistrict,
  type TreeEdge,
  type TreeFeeder,
} from "../clearing/index.js";
import type { TransactionChain } from "../connect.js";
import { latestHead } from "../latest-head.js";
import type { MarketView } from "../market-view.js";
import { timesOf } from "./market.js";
import { ask, transact, type BatchCall, type Receipt, type TransactionOverrides } from "../transact.js";
import { sendDue } from "./from-view.js";

/** What clearing and closing usually take, docs/benchmarks.md: in all, an order, a position. */
const CLEAR_GAS = { call: 120_000n, order: 4_000n };
const CLOSE_GAS = { call: 150_000n, position: 9_000n };

/** Which book or tree of which slot. */
export interface AreaSlot {
  readonly area: bigint;
  readonly slot: bigint;
}

/** Clears a feeder's book. */
export function submitFeederBook(
  chain: TransactionChain,
  submission: FeederSubmission,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.clearing.clearFeeder(feederBook(submission), overrides));
}

/** Clears a district's or city's book. */
export function submitParentBook(
  chain: TransactionChain,
  submission: ParentSubmission,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.clearing.clearParent(parentBook(submission), overrides));
}

/** Closes a slot of a city tree. */
export function submitClose(
  chain: TransactionChain,
  submission: CloseSubmission,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.clearing.close(closingBooks(submission), overrides));
}

/**
 * Clears all books of a city tree that are neither cleared yet nor void, in as few transactions as the gas allows:
 * feeders, then districts, then the city. Syncs the view before and after.
 */
export async function clearTree(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: { readonly city: bigint; readonly slot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const plan = async (): Promise<BatchCall[]> => {
    if (!view.isTraded(city, slot)) return [];
    const { feeders, districts, city: top } = clearCity(await treeOf(chain, view, { city, slot }));
    const books = [...feeders, ...districts, ...(top === undefined ? [] : [top])];
    const open = books.filter((book) => view.resultOf("feeder" in book ? book.feeder : book.area, slot) === undefined);
    return open.map((book) => clearCall(chain, book));
  };
  const overtaken = ["ClearingClearedBefore", "ClearingTooLate"];
  return sendDue(chain, view, { contract: chain.contracts.clearing, plan, overtaken }, overrides);
}

/**
 * Closes those slots of a city tree in which somebody traded and that are not closed yet, from the view, in as few
 * transactions as the gas allows. Syncs the view before and after.
 */
export async function closeSlots(
  chain: TransactionChain,
  view: MarketView,
  { city, slots }: { readonly city: bigint; readonly slots: readonly bigint[] },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const plan = (): BatchCall[] =>
    slots
      .filter((slot) => view.isTraded(city, slot) && view.closedSlotOf(city, slot) === undefined)
      .map((slot) => closeCall(chain, closingOf(view, { city, slot })));
  const overtaken = ["ClearingClosedBefore"];
  return sendDue(chain, view, { contract: chain.contracts.clearing, plan, overtaken }, overrides);
}

/** `closeSlots` of one slot; undefined when nobody traded or it is closed. */
export async function closeTree(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: { readonly city: bigint; readonly slot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt | undefined> {
  const [receipt] = await closeSlots(chain, view, { city, slots: [slot] }, overrides);
  return receipt;
}

function closingOf(
  view: MarketView,
  { city, slot }: { readonly city: bigint; readonly slot: bigint },
): CloseSubmission {
  return closeSubmission({
    city,
    slot,
    bilaterals: view.bilateralsOf(city, slot),
    entries: view.feedersAt(city, slot).map((feeder) => view.entriesOf(feeder, slot)),
    books: view.resultsOf(city, slot),
  });
}

function clearCall(
  { contracts: { clearing } }: TransactionChain,
  submission: FeederSubmission | ParentSubmission,
): BatchCall {
  const expectedGas = CLEAR_GAS.call + CLEAR_GAS.order * BigInt((submission.bids.length + submission.asks.length) / 4); // two bytes each, in hex
  const data =
    "feeder" in submission
      ? clearing.interface.encodeFunctionData("clearFeeder", [feederBook(submission)])
      : clearing.interface.encodeFunctionData("clearParent", [parentBook(submission)]);
  return { data, expectedGas };
}

function closeCall({ contracts: { clearing } }: TransactionChain, submission: CloseSubmission): BatchCall {
  const data = clearing.interface.encodeFunctionData("close", [closingBooks(submission)]);
  return { data, expectedGas: CLOSE_GAS.call + CLOSE_GAS.position * BigInt(submission.positionCount) };
}

// What the contract's types want: arrays that could be written to.

function feederBook(submission: FeederSubmission) {
  return { ...submission, entries: [...submission.entries] };
}

function parentBook(submission: ParentSubmission) {
  return {
    ...submission,
    rests: submission.rests.map((rests) => [...rests]),
    childTradesHashes: [...submission.childTradesHashes],
  };
}

function closingBooks(submission: CloseSubmission) {
  return {
    ...submission,
    bilaterals: [...submission.bilaterals],
    entries: submission.entries.map((entries) => [...entries]),
    cancelTargets: [...submission.cancelTargets],
    trades: submission.trades.map((trades) => [...trades]),
    restsHashes: [...submission.restsHashes],
  };
}

/** The tree as its slot is cleared now. The view is up to date. */
async function treeOf(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: { readonly city: bigint; readonly slot: bigint },
): Promise<CityTree> {
  const districts = view.childrenAt(city, slot).map(async (district): Promise<TreeDistrict> => {
    const feeders = view.childrenAt(district, slot).map(async (feeder): Promise<TreeFeeder> => {
      return { ...(await edgeAbove(chain, { area: feeder, slot })), entries: view.entriesOf(feeder, slot) };
    });
    return { ...(await edgeAbove(chain, { area: district, slot })), feeders: await Promise.all(feeders) };
  });
  return {
    city,
    slot,
    districts: await Promise.all(districts),
    voidAreas: await voidAreasOf(chain, view, { city, slot }),
  };
}

async function edgeAbove(chain: TransactionChain, { area, slot }: AreaSlot): Promise<TreeEdge> {
  const { tariffs, gridTopology } = chain.contracts;
  const [fee, { limited, capacityWh }] = await Promise.all([
    ask(() => tariffs.edgeFeeInForce(area, slot)),
    ask(() => gridTopology.edgeCapacityAt(area, slot)),
  ]);
  return { area, fee, ...(limited ? { capacityWh } : {}) };
}

/** Areas whose book was not cleared by its own deadline. */
async function voidAreasOf(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: { readonly city: bigint; readonly slot: bigint },
): Promise<Set<bigint>> {
  const [times, { timestamp: now }] = await Promise.all([timesOf(chain, slot), latestHead(chain.provider)]);
  const levels = [
    { areas: view.feedersAt(city, slot), deadline: times.feederDeadline },
    { areas: view.childrenAt(city, slot), deadline: times.districtDeadline },
    { areas: [city], deadline: times.cityDeadline },
  ];
  const late = levels.filter(({ deadline }) => now >= deadline).flatMap(({ areas }) => areas);
  return new Set(late.filter((area) => view.resultOf(area, slot) === undefined));
}
