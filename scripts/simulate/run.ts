/** One run, from the input to the audited result, on whatever network it is given. */
import { setFlagsFromString } from "node:v8";

import { firstUnopenedSlotOf } from "../../sdk/actions/market.js";
import { holdDueElection } from "../../sdk/actions/election.js";
import { auditEvents } from "../../sdk/audit/index.js";
import { withSigner } from "../../sdk/connect.js";
import { readEvents } from "../../sdk/events.js";
import { UNLINKABLE, type Unlinkability } from "../../sdk/vault/unlinkability.js";
import { marketParameters, type MarketParameters } from "../../deploy/parameters.js";
import { endpointUrls } from "../chains/serve.js";
import { checkVaults, type Agents } from "../agents/index.js";
import { feedersOf } from "../grid/index.js";
import { InputError } from "../inputs/index.js";
import type { FinishedMarket } from "../linkage/index.js";
import { setupSeconds } from "../home-admission.js";
import { admitNeighbourhood, type Neighbourhood } from "../neighbourhood.js";
import { openNetwork, type EmbeddedNetwork, type OpenNetwork } from "../networks/index.js";
import { MarketRun } from "./market-run.js";
import { accountingWork, FeesBooked, startElection, type AccountingWork } from "./accounting.js";
import { Metering, type StartMetering } from "./metering.js";
import type { SimulateOptions } from "./options.js";
import { resultOf } from "./outcome.js";
import { highestRetail, loadInputs, planRun, type Plan } from "./plan.js";
import type { SimulationResult } from "./result.js";
import { marketOf } from "./served-market.js";
import { batchSlots, genesisTime, leadSeconds, orderRounds, SlotMap } from "./schedule.js";
import { Timeline } from "./timeline.js";
import { homeClock, rangeOf, startAgents } from "./vaults.js";

/** The highest retail cap that MarketRules takes, micro-credits per kWh (MAX_RETAIL_CAP). */
const MAX_RETAIL_CAP = 10_000_000;

/** On simulated chains blocks come with transactions alone: an epoch of a day's blocks would outlast the run. */
const SIMULATED_EPOCH_BLOCKS = 20;

/**
 * Where the homes themselves fill the memory. The simulated chain records every step of a transaction while it runs
 * (NomicFoundation/edr, issue 1657): one of 14 million gas takes 1.3 GB, so transactions are smaller. V8 lets garbage
 * grow to several times what lives before it collects, so it is told to collect at a third more.
 */
const LARGE_RUN = { homes: 400, batchGas: 3_000_000n, v8Flag: "--heap-growing-percent=30" };

/** Hears how far a step is. */
export type Progress = (done: number, total: number) => void;

/** A run under way; its steps follow each other. */
export class Simulation {
  #inputs: Pick<Plan, "inputs" | "grid" | "isGridDrawn"> | undefined;
  #market: MarketParameters | undefined;
  #network: OpenNetwork | undefined;
  #plan: Plan | undefined;
  #neighbourhood: Neighbourhood | undefined;
  #slots: SlotMap | undefined;
  #agents: Agents | undefined;
  #time = 0n;
  #firstBlock = 0;

  /**
   * @param startMetering the meters' side, which tests replace
   * @param unlinkability how homes are admitted and their vaults written
   */
  constructor(
    private readonly options: SimulateOptions,
    private readonly startMetering: StartMetering = (parts) => Metering.start(parts),
    private readonly unlinkability: Unlinkability = UNLINKABLE,
  ) {}

  /** Reads and checks the input. */
  async load(): Promise<void> {
    this.#inputs = await loadInputs(this.options);
    const { network, slotSeconds } = this.options;
    const inferred = this.#inputs.inputs.slotSeconds;
    if (network === "embedded" && slotSeconds !== undefined && slotSeconds !== inferred) {
      throw new InputError(
        { file: "--slot-seconds" },
        `the embedded chains have the slots of the readings, ${inferred} s long, not ${slotSeconds}`,
        "Leave the option out; it is for a network with a wall clock.",
      );
    }
    if (network !== "embedded" && this.options.blockTime !== undefined) {
      throw new InputError(
        { file: "--block-time" },
        `network ${network} has blocks of its own`,
        "Leave the option out; it is for the embedded chains (npm run chains has one, too).",
      );
    }
  }

  /** Makes or joins the chains. */
  async open(): Promise<void> {
    const { inputs, grid } = known(this.#inputs);
    const { network: name, seed, blockTime } = this.options;
    const highest = Number(highestRetail(inputs));
    const market = await marketParameters(inputs.slotSeconds);
    if (highest > MAX_RETAIL_CAP) {
      throw new InputError(
        { file: this.options.tariff },
        `its highest retail price of the run, ${highest} micro-credits per kWh, is above ${MAX_RETAIL_CAP}, the market's bound`,
        "Choose a larger unit for the credit: give the prices in it.",
      );
    }
    const retailCap = Math.max(market.rules.retailCap, highest);
    const homes = feedersOf(grid).reduce((count, { feeder }) => count + feeder.homes.length, 0);
    const isLarge = homes >= LARGE_RUN.homes;
    if (isLarge) setFlagsFromString(LARGE_RUN.v8Flag);
    this.#network = await openNetwork(name, {
      seed,
      slotSeconds: inputs.slotSeconds,
      genesisTime: genesisTime(inputs.firstSlot, inputs.slotSeconds, market.windows, setupSeconds(homes)),
      rules: { retailCap },
      ...(blockTime === undefined
        ? { election: { epochBlocks: SIMULATED_EPOCH_BLOCKS } }
        : { passedBlockSeconds: blockTime }),
      ...(isLarge ? { batchGas: LARGE_RUN.batchGas } : {}),
      ...(this.options.serve ? { network: "local", rpcUrls: endpointUrls(this.options.port) } : {}),
    });
    this.#market = this.#network.clock.isVirtual
      ? await marketParameters(inputs.slotSeconds, { retailCap })
      : await marketOf(this.#network, this.options);
  }

  /** Admits the homes with their meters, their deposits, their suppliers' prices. */
  async admit(onProgress: Progress): Promise<void> {
    const loaded = known(this.#inputs);
    const market = known(this.#market);
    const network = known(this.#network);
    const rounds = orderRounds(loaded.inputs, market.windows, market.slotLengthSeconds);
    const plan = planRun(loaded, market, rounds, this.options.seed);
    const { operators } = network;
    if (operators === undefined) {
      throw new InputError(
        { file: `--network ${this.options.network}` },
        "this machine doesn't hold the keys of the network's operators, so no homes can be admitted",
        "Use --network embedded, or a network that npm run chains serves.",
      );
    }
    this.#plan = plan;
    const { deposits } = this;
    this.#firstBlock = (await network.transaction.provider.getBlockNumber()) + 1;
    this.#neighbourhood = await admitNeighbourhood(
      { ...network, operators },
      {
        grid: loaded.grid,
        seed: this.options.seed,
        homeDepositMicro: (home) => deposits.get(home) ?? 0n,
        supplierDepositMicro: plan.supplierDepositMicro,
        unlinkability: this.unlinkability,
        onProgress,
      },
    );
    await startElection({
      chain: network.transaction,
      operators,
      neighbourhood: this.#neighbourhood,
      depositMicro: market.election.minimumDepositMicro,
      seed: this.options.seed,
      othersStand: network.transactionSeconds === undefined,
    });
    this.#slots = new SlotMap(loaded.inputs.firstSlot, await this.#firstChainSlot(loaded.inputs.firstSlot));
    this.#agents = await startAgents(this.options, {
      network,
      homes: this.#neighbourhood.homes,
      inputs: loaded.inputs,
      slots: this.#slots,
      unlinkability: this.unlinkability,
      now: () => this.#time,
    });
  }

  /** Trades all slots up to their final dates; the same again `later` chain slots later, where time is virtual. */
  async trade(onProgress: Progress, later = 0): Promise<void> {
    const plan = known(this.#plan);
    const { windows, slotLengthSeconds } = known(this.#market);
    const network = known(this.#network);
    const neighbourhood = known(this.#neighbourhood);
    const slots = known(this.#slots).later(later);
    const anyone = withSigner(network.transaction, known(network.operators).transaction.relayer);
    const agents = this.#agents;
    const clock = {
      ...network.clock,
      waitUntil: async (until: bigint) => {
        await network.clock.waitUntil(until);
        await holdDueElection(anyone);
        this.#time = until;
      },
    };
    const byId = new Map(neighbourhood.homes.map((home) => [home.home, home]));
    const metering = await this.startMetering({
      chain: withSigner(network.transaction, anyMeteringOperator(neighbourhood)),
      homes: plan.homes.map(({ home }) => ({ onChain: known(byId.get(home.id)), values: home })),
      inputs: plan.inputs,
      slots,
      now: () => Number(this.#time),
      handOver: (readings) => agents?.take(readings),
    });
    try {
      const run = new MarketRun({
        chain: anyone,
        plan,
        neighbourhood,
        slots,
        rounds: orderRounds(plan.inputs, windows, slotLengthSeconds),
        metering: agents?.following(metering) ?? metering,
        leadOf: ({ count }) => leadSeconds(windows, count, slotLengthSeconds),
        batchSlots: Math.min(this.options.batchSlots ?? Infinity, batchSlots(windows, slotLengthSeconds)),
      });
      await run.setAllPrices();
      const timeline = new Timeline();
      await run.schedule(timeline);
      await agents?.schedule(timeline, rangeOf(plan.inputs, slots));
      await timeline.run(clock, onProgress);
    } finally {
      await metering.stop();
    }
  }

  /** Rebuilds everything from events, and says what the run came to. */
  async audit(onProgress: Progress): Promise<{ readonly plan: Plan; readonly result: SimulationResult }> {
    const network = known(this.#network);
    const plan = known(this.#plan);
    const { transaction } = network;
    const toBlock = await transaction.provider.getBlockNumber();
    const fees = new FeesBooked(this.#firstBlock);
    const events = readEvents(transaction, { fromBlock: transaction.deployment.deploymentBlock, toBlock });
    const books = await auditEvents(transaction, fees.counting(events), { toBlock, onProgress });
    const result = resultOf({
      plan,
      neighbourhood: known(this.#neighbourhood),
      slots: known(this.#slots),
      books,
      seed: this.options.seed,
      ...(await this.#work(network, books.lastBlock, fees)),
    });
    const slots = known(this.#slots);
    const settled = { ...result, toChain: (slot: number) => slots.toChain(slot) };
    const vaults = this.#agents === undefined ? {} : { vaults: await checkVaults(this.#agents, settled) };
    return { plan, result: { ...result, ...vaults, firstDifference: books.findings[0] } };
  }

  /** What each home deposits for a run of its slots, micro-credits. */
  get deposits(): ReadonlyMap<string, bigint> {
    return new Map(known(this.#plan).homes.map(({ home, depositMicro }) => [home.id, depositMicro]));
  }

  /** What each supplier deposits likewise. */
  get supplierDepositMicro(): bigint {
    return known(this.#plan).supplierDepositMicro;
  }

  /** The embedded network, to be served; undefined when the run used another. */
  get embedded(): { network: EmbeddedNetwork; neighbourhood: Neighbourhood } | undefined {
    if (this.options.network !== "embedded") return undefined;
    return { network: this.#network as EmbeddedNetwork, neighbourhood: known(this.#neighbourhood) };
  }

  /** The homes' agents; undefined when the run has no vaults. */
  get agents(): Agents | undefined {
    return this.#agents;
  }

  /** The run's market, for whoever looks at it from outside (scripts/linkage). */
  get market(): FinishedMarket {
    const { inputs } = known(this.#plan);
    const slots = known(this.#slots);
    return {
      transaction: known(this.#network).transaction,
      homes: known(this.#neighbourhood).homes,
      slots: rangeOf(inputs, slots),
      slotSeconds: inputs.slotSeconds,
      offsetSeconds: homeClock(inputs, slots),
    };
  }

  async close(): Promise<void> {
    await this.#network?.close();
  }

  async #work({ transaction, transactionSeconds }: OpenNetwork, lastBlock: number, fees: FeesBooked): Promise<RunWork> {
    let [transactions, gasUsed] = [0, 0n];
    const blocks = new Map<string, number>();
    for (let number = this.#firstBlock; number <= lastBlock; number++) {
      const block = await transaction.provider.getBlock(number);
      if (block === null) continue;
      transactions += block.length;
      gasUsed += block.gasUsed;
      blocks.set(block.miner, (blocks.get(block.miner) ?? 0) + 1);
    }
    const { members } = known(this.#neighbourhood);
    const accounting = await accountingWork(transaction, members, fees, {
      blocks,
      isSealed: transactionSeconds !== undefined,
    });
    return { transactions, gasUsed, accounting };
  }

  /** The data's own slots in virtual time; on the wall's clock the next that all can be decided for. */
  async #firstChainSlot(firstDataSlot: number): Promise<bigint> {
    const { clock, transaction } = known(this.#network);
    if (clock.isVirtual) return BigInt(firstDataSlot);
    const PRICES_IN_TIME = 2n;
    const priced = (await firstUnopenedSlotOf(transaction)) + PRICES_IN_TIME;
    const { firstSlot } = known(this.#neighbourhood);
    return priced > firstSlot ? priced : firstSlot;
  }
}

interface RunWork {
  readonly transactions: number;
  readonly gasUsed: bigint;
  readonly accounting: AccountingWork;
}

/** Anyone may bring signed readings; the first feeder's metering operator does. */
function anyMeteringOperator({
  feeders,
}: Neighbourhood): Neighbourhood["feeders"][number]["meteringOperator"]["signer"] {
  return known(feeders[0]).meteringOperator.signer;
}

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("a step of the run was left out");
  return value;
}
