/** Clearing a slot, book by book, and closing it. Anyone may; exactly one submission is valid. */
import {
  clearFeederBook,
  clearParentBook,
  closeSlot as closeSubmission,
  MAX_PARENT_RESTS,
  type CloseSubmission,
  type Edge,
  type EdgeLeft,
  type FeederSubmission,
  type ParentSubmission,
} from "../clearing/index.js";
import type { TransactionChain } from "../connect.js";
import { AreaLevel } from "../enums.js";
import type { MarketView } from "../market-view.js";
import {
  ask,
  transact,
  transactTogether,
  type BatchCall,
  type Receipt,
  type TransactionOverrides,
} from "../transact.js";

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

/** Finds the one valid clearing of a book; undefined when the book is empty. The view is up to date. */
export async function solveBook(
  chain: TransactionChain,
  view: MarketView,
  { area, slot }: AreaSlot,
): Promise<FeederSubmission | ParentSubmission | undefined> {
  const level = view.levelOf(area);
  const edge = level === AreaLevel.City ? undefined : await edgeAbove(chain, view, { area, slot });
  if (level === AreaLevel.Feeder) {
    const entries = view.entriesOf(area, slot);
    return edge === undefined || entries.length === 0
      ? undefined
      : clearFeederBook(area, slot, entries, edge).submission;
  }
  const children = view.restsBelow(area, slot);
  if (children.every(({ rests }) => rests.length === 0)) return undefined;
  const isCity = level === AreaLevel.City;
  const limits = {
    left: await edgesLeft(chain, view, { area, slot }),
    districtOf: (feeder: bigint) => (isCity ? view.parentOf(feeder) : 0n),
  };
  const book = { area, slot, isCity, children, limits };
  return clearParentBook(edge === undefined ? book : { ...book, edge }).submission;
}

/**
 * Clears all books of a city tree that are not cleared yet: feeders, districts, city, the books of a level in as few
 * transactions as the gas allows. Syncs the view in between.
 */
export async function clearTree(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: { readonly city: bigint; readonly slot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  await view.sync(chain);
  for (const areas of [view.feedersAt(city, slot), view.childrenAt(city, slot), [city]]) {
    const open = areas.filter((area) => view.resultOf(area, slot) === undefined);
    const solved = await Promise.all(open.map((area) => solveBook(chain, view, { area, slot })));
    const calls = solved.filter((submission) => submission !== undefined).map((book) => clearCall(chain, book));
    receipts.push(...(await transactTogether(chain, chain.contracts.clearing, calls, overrides)));
    await view.sync(chain);
  }
  return receipts;
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
  await view.sync(chain);
  const open = slots.filter((slot) => view.isTraded(city, slot) && view.closedSlotOf(city, slot) === undefined);
  const calls = open.map((slot) => closeCall(chain, closingOf(view, { city, slot })));
  const receipts = await transactTogether(chain, chain.contracts.clearing, calls, overrides);
  await view.sync(chain);
  return receipts;
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

async function edgeAbove(chain: TransactionChain, view: MarketView, { area, slot }: AreaSlot): Promise<Edge> {
  const siblings = view.childrenAt(view.parentOf(area), slot).length;
  const fee = await ask(() => chain.contracts.tariffs.edgeFeeInForce(area, slot));
  return { fee, share: Math.floor(MAX_PARENT_RESTS / siblings) };
}

/** What the limited edges below a district or city still carry in the slot. */
async function edgesLeft(chain: TransactionChain, view: MarketView, { area, slot }: AreaSlot): Promise<EdgeLeft[]> {
  const children = view.childrenAt(area, slot);
  const below = children.flatMap((child) => [child, ...view.childrenAt(child, slot)]);
  const { gridTopology, clearing } = chain.contracts;
  const edges = below.map(async (edge): Promise<EdgeLeft | undefined> => {
    const { limited, capacityWh } = await ask(() => gridTopology.edgeCapacityAt(edge, slot));
    if (!limited) return undefined;
    const { upWh, downWh } = await ask(() => clearing.edgeUseOf(edge, slot));
    return { area: edge, upWh: capacityWh - upWh, downWh: capacityWh - downWh };
  });
  return (await Promise.all(edges)).filter((edge) => edge !== undefined);
}
