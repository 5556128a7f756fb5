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
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

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
  const book = { ...submission, entries: [...submission.entries] };
  return transact(chain, () => chain.contracts.clearing.clearFeeder(book, overrides));
}

/** Clears a district's or city's book. */
export function submitParentBook(
  chain: TransactionChain,
  submission: ParentSubmission,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const book = {
    ...submission,
    rests: submission.rests.map((rests) => [...rests]),
    childTradesHashes: [...submission.childTradesHashes],
  };
  return transact(chain, () => chain.contracts.clearing.clearParent(book, overrides));
}

/** Closes a slot of a city tree. */
export function submitClose(
  chain: TransactionChain,
  submission: CloseSubmission,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const books = {
    ...submission,
    bilaterals: [...submission.bilaterals],
    entries: submission.entries.map((entries) => [...entries]),
    cancelTargets: [...submission.cancelTargets],
    trades: submission.trades.map((trades) => [...trades]),
    restsHashes: [...submission.restsHashes],
  };
  return transact(chain, () => chain.contracts.clearing.close(books, overrides));
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

/** Clears all books of a city tree that are not cleared yet: feeders, districts, city. Syncs the view in between. */
export async function clearTree(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: { readonly city: bigint; readonly slot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  await view.sync(chain);
  for (const areas of [view.feedersAt(city, slot), view.childrenAt(city, slot), [city]]) {
    for (const area of areas) {
      if (view.resultOf(area, slot) !== undefined) continue;
      const submission = await solveBook(chain, view, { area, slot });
      if (submission === undefined) continue;
      receipts.push(
        "feeder" in submission
          ? await submitFeederBook(chain, submission, overrides)
          : await submitParentBook(chain, submission, overrides),
      );
    }
    await view.sync(chain);
  }
  return receipts;
}

/** Closes a city tree's slot from the view; undefined when nobody traded or it is closed. Syncs the view. */
export async function closeTree(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: { readonly city: bigint; readonly slot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt | undefined> {
  await view.sync(chain);
  if (!view.isTraded(city, slot) || view.closedSlotOf(city, slot) !== undefined) return undefined;
  const submission = closeSubmission({
    city,
    slot,
    bilaterals: view.bilateralsOf(city, slot),
    entries: view.feedersAt(city, slot).map((feeder) => view.entriesOf(feeder, slot)),
    books: view.resultsOf(city, slot),
  });
  const receipt = await submitClose(chain, submission, overrides);
  await view.sync(chain);
  return receipt;
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
