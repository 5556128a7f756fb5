/** A run on one federation: plain transfers, then orders, readings and settlements as ratios to them; what the disk grew by meanwhile. */
import { tableText, whole, type Figures } from "../bench/report.js";
import { bytesPerDay, dayFormula, diskBytes, perEmptyBlock, perUnit, type Growth } from "./disk.js";
import { CHAIN, type MeasuredFederation } from "./federation.js";
import { runLoad, type LoadResult, type LoadTransaction } from "./load.js";
import { orders, ORDERS_PER_HOME, readings, settlements, signersOf, transfers } from "./loads.js";
import { LoadedMarket } from "./market.js";
import { floorPerSecond } from "./rate.js";

const BLOCK_SECONDS = 2;
/** Transfers before the clock runs, as a share of those that count: the JVMs compile what they run often. */
const WARM_SHARE = 0.5;
/** Empty blocks that the disk is watched for. */
const IDLE_BLOCKS = 60;
const DAY_HOMES = [17, 10_000] as const;

export interface RatesOptions {
  readonly homes: number;
  readonly slots: number;
  readonly transfers: number;
  readonly seed: number;
  readonly print: (text: string) => void;
}

/** What a run of loads came to. */
export interface Rates {
  readonly plain: LoadResult;
  readonly loads: readonly LoadResult[];
  readonly figures: Figures;
}

/** Growth by node, of a stretch of the run. */
type Stretch = ReadonlyMap<string, Growth>;

/** Sets the market up and measures. */
export async function benchRates(federation: MeasuredFederation, options: RatesOptions): Promise<Rates> {
  const { print } = options;
  print(`Admitting ${options.homes} homes...`);
  const market = await LoadedMarket.open(federation.network, { ...options, homesAtOnce: 250 });
  const signers = await signersOf(market);
  const run = (name: string, load: readonly LoadTransaction[]): Promise<LoadResult> => {
    print(`${name}: ${whole(load.length)} transactions...`);
    return runLoad(load, { name, nodes: federation.nodes, reader: federation.reader });
  };
  const disk = new DiskWatch(federation);
  await run("warm-up", transfers(signers, Math.ceil(options.transfers * WARM_SHARE)));
  const plain = await run("plain transfers", transfers(signers, options.transfers));
  await market.untilOpen();
  const orderLoad = await orders(market, signers);
  await disk.mark();
  const ordered = await run("orders", orderLoad);
  const orderGrowth = await disk.mark();
  print("Clearing the books after each gate...");
  await market.clear();
  const clearGrowth = await disk.mark();
  const readingLoad = await readings(market, signers);
  await market.untilDelivered();
  await disk.mark();
  const read = await run("readings", readingLoad);
  const readGrowth = await disk.mark();
  const settled = await run("settlements", await settlements(market, signers));
  const settleGrowth = await disk.mark();
  print(`Watching the disks for ${IDLE_BLOCKS} empty blocks...`);
  await disk.blocks(IDLE_BLOCKS);
  const idle = await disk.mark();
  const loads = [ordered, read, settled];
  const gasLimit = Number((await market.chain.provider.getBlock("latest"))?.gasLimit ?? 0n);
  print(ratesText(plain, loads, gasLimit));
  print(blocksText([plain, ...loads], gasLimit));
  const homeSlots = options.homes * options.slots;
  const figures = disk.figures(print, idle, [
    [orderGrowth, homeSlots * ORDERS_PER_HOME],
    ...[clearGrowth, readGrowth, settleGrowth].map((growth) => [growth, homeSlots] as const),
  ]);
  return { plain, loads, figures: { ...figures, ...rateFigures(plain, loads) } };
}

function ratesText(plain: LoadResult, loads: readonly LoadResult[], gasLimit: number): string {
  return tableText(
    "Through four accountants, pre-signed, as fast as blocks take it in",
    ["what", "a second", "of transfers", "gas each", "Mgas/s", "of transfers'", "full blocks' floor/s"],
    [plain, ...loads].map(({ name, unitsPerSecond, gasPerUnit, gasPerSecond }) => [
      name,
      whole(unitsPerSecond),
      (unitsPerSecond / plain.unitsPerSecond).toFixed(3),
      whole(gasPerUnit),
      (gasPerSecond / 1e6).toFixed(1),
      (gasPerSecond / plain.gasPerSecond).toFixed(2),
      whole(floorPerSecond(gasLimit, gasPerUnit, BLOCK_SECONDS)),
    ]),
  );
}

function blocksText(loads: readonly LoadResult[], gasLimit: number): string {
  return tableText(
    `The blocks (limit ${whole(gasLimit)} gas; the first and last of a load are left out where there are five or more)`,
    ["what", "units", "transactions", "blocks", "counted", "block s", "late", "full", "most in pools"],
    loads.map((load) => [
      load.name,
      ...[load.units, load.transactions, load.blocks, load.countedBlocks].map(whole),
      load.blockSeconds.toFixed(2),
      whole(load.lateBlocks),
      `${whole(load.fullness * 100)} %`,
      whole(load.mostWaiting),
    ]),
  );
}

function rateFigures(plain: LoadResult, loads: readonly LoadResult[]): Figures {
  const named = { Transfers: plain, Orders: loads[0], Readings: loads[1], Settlements: loads[2] };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, load]) =>
      load === undefined
        ? []
        : [
            [`besu${name}PerSecond`, Math.round(load.unitsPerSecond)],
            [`besu${name}GasPerSecond`, Math.round(load.gasPerSecond)],
            [`besu${name}GasPerUnit`, Math.round(load.gasPerUnit)],
            [`besu${name}BlockSeconds`, Math.round(load.blockSeconds * 100) / 100],
            [`besu${name}OfTransfers`, Math.round((load.unitsPerSecond / plain.unitsPerSecond) * 1_000) / 1_000],
          ],
    ),
  );
}

/** Watches the data folders of a node that keeps all history, and of one that does not. */
class DiskWatch {
  readonly #nodes = [
    ["FOREST", "accountant1"],
    ["BONSAI", "accountant4"],
  ] as const;
  readonly #last = new Map<string, { bytes: number; block: number }>();

  constructor(private readonly federation: MeasuredFederation) {}

  /** What was written since the last mark. */
  async mark(): Promise<Stretch> {
    const block = await this.#head();
    const growth = new Map<string, Growth>();
    for (const [storage, name] of this.#nodes) {
      const bytes = await diskBytes(this.federation.dataFolder(name));
      const before = this.#last.get(storage) ?? { bytes, block };
      growth.set(storage, { bytes: bytes - before.bytes, blocks: block - before.block });
      this.#last.set(storage, { bytes, block });
    }
    return growth;
  }

  async blocks(count: number): Promise<void> {
    const from = await this.#head();
    const { provider } = this.federation.network.transaction;
    const timestamp = (await provider.getBlock(from))?.timestamp ?? 0;
    await this.federation.network.clock.waitUntil(BigInt(timestamp + count * BLOCK_SECONDS));
  }

  /** Prints a day's bytes by their formula. `parts`: growth of a stretch, and the units that it was about. */
  figures(print: (text: string) => void, idle: Stretch, parts: readonly (readonly [Stretch, number])[]): Figures {
    print(`\nDisk, by data folders while nodes ran (${CHAIN} chain; settled once, not finalized):`);
    const figures: [string, number][] = [];
    for (const [storage] of this.#nodes) {
      const empty = perEmptyBlock(idle.get(storage) ?? { bytes: 0, blocks: 1 });
      const of = (stretch: Stretch, units: number): number => {
        const growth = stretch.get(storage);
        return growth === undefined ? 0 : perUnit(growth, units, empty);
      };
      const homeSlot = parts.reduce((sum, [stretch, units]) => sum + of(stretch, units), 0);
      print(`${storage}: an order, clearing, reading and settlement of a home and slot ${whole(homeSlot)} B`);
      for (const homes of DAY_HOMES) {
        print(`  ${dayFormula(empty, homeSlot, homes)}`);
        figures.push([
          `besuDisk${storage}${homes}MebibytesPerDay`,
          Math.round(bytesPerDay(empty, homeSlot, homes) / 2 ** 20),
        ]);
      }
      figures.push([`besuDisk${storage}EmptyBlockBytes`, Math.round(empty)]);
      figures.push([`besuDisk${storage}HomeSlotBytes`, Math.round(homeSlot)]);
    }
    return Object.fromEntries(figures);
  }

  async #head(): Promise<number> {
    return Number(await this.federation.reader.send("eth_blockNumber", []));
  }
}
