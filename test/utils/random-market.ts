/**
 * A small town in which everybody does what chance says, in any order and at any time, through the SDK; after each step
 * the books are rebuilt from events and what must always hold is checked. For the invariant test. No side effects.
 */
import { id, Wallet, type ContractTransactionResponse } from "ethers";

import { clearTree, closeTree } from "../../sdk/actions/clearing.js";
import { creditsOf } from "../../sdk/actions/credits.js";
import { openDispute, resolveDispute } from "../../sdk/actions/disputes.js";
import { depositFor, escrowAccountOf, payArrears, withdraw } from "../../sdk/actions/escrow.js";
import { setPrices, timesOf } from "../../sdk/actions/market.js";
import {
  acceptBilateral,
  bilateralContractsOf,
  cancelOrder,
  energyMarketOf,
  relayOrders,
} from "../../sdk/actions/orders.js";
import { meterLedgerOf, submitReadings } from "../../sdk/actions/readings.js";
import { finalizeSlot, settleSlot } from "../../sdk/actions/settlement.js";
import { applyEvent, checkBooks, emptyState, type AuditState, type SettledGroup } from "../../sdk/audit/index.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import { ReadingStatus, Side } from "../../sdk/enums.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { readEvents } from "../../sdk/events.js";
import { MarketView } from "../../sdk/market-view.js";
import { TradeLevel, type Outcome } from "../../sdk/records.js";
import { signBilateral, signOrder, type Order, type SignedOrder } from "../../sdk/signing/orders.js";
import { signReading } from "../../sdk/signing/readings.js";
import { transact } from "../../sdk/transact.js";
import type { SlotTimes } from "../../sdk/time/slots.js";
import type { Grid } from "../../scripts/grid/index.js";
import { Random } from "../../scripts/inputs/index.js";
import { admitNeighbourhood, type Neighbourhood, type NeighbourHome } from "../../scripts/neighbourhood.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";

const CREDIT = 1_000_000n;
const SLOTS = 4;
const FEEDER_FEE = 4_000n;
const DISTRICT_FEE = 7_000n;
const DISPUTE_BOND = CREDIT;
const HOMES = { north: ["a", "b", "c"], middle: ["d", "e"], south: ["f", "g"] };

function gridOf(): Grid {
  const feeder = (name: keyof typeof HOMES): Grid["cities"][number]["districts"][number]["feeders"][number] => ({
    name,
    supplier: name === "south" ? "South Power" : "North Power",
    gridOperator: "Grid",
    meteringOperator: "Metering",
    feeMicroPerKwh: Number(FEEDER_FEE),
    capacityWh: null,
    homes: HOMES[name].map((home) => ({ home, connectionWh: 5_000 })),
  });
  const district = { feeMicroPerKwh: Number(DISTRICT_FEE), capacityWh: null };
  return {
    version: 1,
    cities: [
      {
        name: "Town",
        districts: [
          { ...district, name: "upper", feeders: [feeder("north"), feeder("middle")] },
          { ...district, name: "lower", feeders: [feeder("south")] },
        ],
      },
    ],
  };
}

/** Homes with panels: they mostly sell. */
const isMaker = ({ home }: NeighbourHome): boolean => "bdf".includes(home);

/** Whose worth a step may lower: those whose own act or obligation it is. */
type Debtors = () => ReadonlySet<string>;
const NOBODY: Debtors = () => new Set();

interface Act {
  readonly name: string;
  readonly mayLower?: Debtors;
  readonly run: () => Promise<unknown>;
}

export class RandomMarket {
  /** How often each act was done and how often it was refused, by its name. */
  readonly done = new Map<string, number>();
  readonly refused = new Map<string, number>();
  readonly #view = new MarketView();
  readonly #state: AuditState;
  readonly #relayer: TransactionChain;
  readonly #orders: { readonly home: NeighbourHome; readonly signed: SignedOrder }[] = [];
  readonly #disputes: { readonly party: string; readonly meter: bigint; readonly slot: bigint }[] = [];
  readonly #accounts: readonly string[];
  #nextBlock: number;
  #nonce = 0n;
  #worths = new Map<string, bigint>();

  private constructor(
    readonly network: EmbeddedNetwork,
    private readonly town: Neighbourhood,
    private readonly stranger: TransactionChain,
    private readonly strangerAddress: string,
    private readonly times: readonly SlotTimes[],
    private readonly random: Random,
  ) {
    const { contracts, chainId, deploymentBlock } = network.deployment.chains.transaction;
    this.#state = emptyState({
      chainId,
      escrow: contracts.TradeEscrow.address,
      ledger: contracts.MeterLedger.address,
      fees: contracts.AccountingRevenue.address,
    });
    this.#nextBlock = deploymentBlock;
    this.#relayer = withSigner(network.transaction, network.operators.transaction.relayer);
    this.#accounts = [
      ...town.homes.map(({ chain }) => chain.signer.address),
      ...[...town.members.values()].map(({ signer }) => signer.address),
      contracts.AccountingRevenue.address,
    ];
  }

  static async open(seed: number): Promise<RandomMarket> {
    const network = await openEmbedded({ seed, slotSeconds: 3_600, genesisTime: 1_709_510_400n });
    const random = new Random(`random market ${seed}`);
    const town = await admitNeighbourhood(network, {
      grid: gridOf(),
      seed,
      // some can pay for anything, some run into arrears, and so do suppliers
      homeDepositMicro: () => BigInt(random.between(1, 20)) * CREDIT,
      supplierDepositMicro: BigInt(random.between(0, 3)) * 200_000n,
    });
    for (const { area, supplier } of town.feeders) {
      const prices = Array.from({ length: SLOTS }, () => ({ retail: 300_000n, feedIn: 100_000n }));
      await setPrices(supplier, { feeder: area, firstSlot: town.firstSlot, prices });
    }
    const wallet = new Wallet(id(`stranger ${seed}`));
    await network.fund("transaction", [wallet.address]);
    const slots = Array.from({ length: SLOTS }, (_, index) =>
      timesOf(network.transaction, town.firstSlot + BigInt(index)),
    );
    const stranger = withSigner(network.transaction, wallet);
    const market = new RandomMarket(network, town, stranger, wallet.address, await Promise.all(slots), random);
    await market.#check("open", NOBODY, new Map());
    return market;
  }

  /** The whole life of the slots: `steps` random acts in each of its five parts, then everything to its end. */
  async run(steps: number): Promise<void> {
    const [first, last] = [this.#timesAt(0), this.#timesAt(SLOTS - 1)];
    await this.network.clock.waitUntil(last.opens);
    await this.#acts(steps * 2, () => [...this.#trading(), ...this.#money(), ...this.#mischief()]);
    await this.#act(this.#settling(0)); // too early
    for (let slot = 0; slot < SLOTS; slot++) {
      await this.network.clock.waitUntil(this.#timesAt(slot).gateClosure + BigInt(this.random.between(0, 590)));
      await this.#acts(2, () => this.#everything());
      if (this.random.chance(0.9)) await this.#act(this.#clearing(slot));
      if (this.random.chance(0.9)) await this.#act(this.#closing(slot));
    }
    await this.#between(last.deliveryEnd, first.readingEnd, steps * 2, () => [
      ...this.#reading(),
      ...this.#everything(),
    ]);
    await this.#between(last.readingEnd, first.actualsUntil, steps, () => this.#everything());
    await this.#between(last.actualsUntil, first.decisionEnd, steps, () => [
      ...this.#correcting(),
      ...this.#everything(),
    ]);
    await this.#act(this.#settling(0));
    await this.#act(this.#finalizing(0)); // too early
    await this.#between(last.decisionEnd, last.finalDate, steps, () => this.#everything());
    await this.network.clock.waitUntil(last.finalDate);
    for (const slot of this.random.shuffled([...this.times.keys()])) {
      await this.#act(this.#closing(slot));
      await this.#act(this.#settling(slot));
    }
    for (const dispute of this.#disputes) await this.#act(this.#resolving(dispute));
    await this.#acts(2, () => this.#mischief());
    for (const slot of this.random.shuffled([...this.times.keys()])) await this.#act(this.#finalizing(slot));
  }

  /** What is left to say at the end: nothing is locked or held, all events are taken in. */
  get books(): AuditState {
    return this.#state;
  }

  async close(): Promise<void> {
    await this.network.close();
  }

  // -------------------- acts

  #everything(): Act[] {
    return [...this.#trading(), ...this.#money(), ...this.#reading(), ...this.#mischief(), ...this.#chores()];
  }

  #trading(): Act[] {
    return [
      { name: "relay", run: () => this.#relay(2) },
      { name: "relay", run: () => this.#relay(3) },
      { name: "relay", run: () => this.#relay(1) },
      { name: "relay again", run: () => this.#again() },
      { name: "cancel", run: () => this.#cancel() },
      { name: "contract", run: () => this.#contract() },
      { name: "contract", run: () => this.#contract() },
    ];
  }

  #money(): Act[] {
    const [home, other] = [this.#home(), this.#home()];
    const amountMicro = BigInt(this.random.between(1, 3_000_000));
    const account = other.chain.signer.address;
    return [
      { name: "withdraw", run: () => withdraw(home.chain, { amountMicro }) },
      // a gift: the giver's own act
      {
        name: "deposit for another",
        mayLower: () => new Set([home.chain.signer.address]),
        run: () => this.#give(home, account),
      },
      { name: "pay arrears", run: () => payArrears(this.stranger, { debtor: account, maxCreditors: 3n }) },
    ];
  }

  #reading(): Act[] {
    const statuses = [ReadingStatus.Actual, ReadingStatus.Actual, ReadingStatus.Actual, ReadingStatus.Estimated];
    return statuses.map((status) => ({ name: `read, status ${status}`, run: () => this.#read(status) }));
  }

  #correcting(): Act[] {
    return [
      { name: "correct", run: () => this.#read(ReadingStatus.Corrected) },
      { name: "correct", run: () => this.#read(ReadingStatus.Corrected) },
      { name: "dispute", run: () => this.#dispute() },
    ];
  }

  #chores(): Act[] {
    const slot = this.random.between(0, SLOTS - 1);
    const resolving = this.#disputes.map((dispute) => this.#resolving(dispute)).slice(-1);
    return [
      this.#settling(slot),
      this.#settling((slot + 1) % SLOTS),
      this.#finalizing(slot),
      this.#clearing(slot),
      this.#closing(slot),
      ...this.#correcting(),
      ...resolving,
    ];
  }

  #clearing(slot: number): Act {
    return { name: "clear", run: () => clearTree(this.stranger, this.#view, this.#at(slot)) };
  }

  #closing(slot: number): Act {
    return { name: "close", run: () => closeTree(this.stranger, this.#view, this.#at(slot)) };
  }

  /** Settles, and settles again: the second time changes nothing. */
  #settling(slot: number): Act {
    return {
      name: "settle",
      mayLower: () => this.#partiesOf(slot),
      run: async () => {
        await settleSlot(this.stranger, this.#view, this.#at(slot));
        const again = await settleSlot(this.stranger, this.#view, this.#at(slot)).catch((error: unknown) => {
          if (isCommonwattError(error) && error.code === "SettlementFinal") return [];
          throw error;
        });
        const logs = again.flatMap((receipt) => receipt.logs);
        if (logs.length !== 0) throw new Error(`settling slot ${slot} again changed something`);
      },
    };
  }

  #finalizing(slot: number): Act {
    return {
      name: "finalize",
      mayLower: () => this.#partiesOf(slot),
      run: () => finalizeSlot(this.stranger, this.#view, this.#at(slot)),
    };
  }

  #resolving(dispute: { readonly party: string; readonly meter: bigint; readonly slot: bigint }): Act {
    return {
      name: "resolve",
      mayLower: () => new Set([dispute.party]),
      run: () => resolveDispute(this.stranger, { ...dispute, closed: this.#closed(dispute.slot) }),
    };
  }

  /** Ways to another's money that must not exist; each is refused. */
  #mischief(): Act[] {
    const { tradeEscrow, settlement, energyCredit } = this.stranger.contracts;
    const victim = this.#home().chain.signer.address;
    const address = this.strangerAddress;
    const slot = this.town.firstSlot + BigInt(this.random.between(0, SLOTS - 1));
    const words = [id("a"), id("b")];
    const tries: (readonly [string, () => Promise<ContractTransactionResponse>])[] = [
      ["lock", () => tradeEscrow.lock(victim, 1n, slot)],
      ["unlock", () => tradeEscrow.unlock([victim], [1n], slot)],
      ["payLocked", () => tradeEscrow.payLocked(victim, [address], [1n], slot)],
      ["release", () => tradeEscrow.release(this.#city, slot, [], [])],
      ["transferFrom", () => energyCredit.transferFrom(victim, address, 1n)],
      ["settle", () => settlement.settle(this.#city, slot, words, [], [], [])],
      ["finalize", () => settlement.finalize(this.#city, slot, words, words)],
      ["withdraw", () => tradeEscrow.withdraw(1n)],
    ];
    return tries.map(([name, attempt]) => ({
      name: `mischief: ${name}`,
      run: async () => {
        await transact(this.stranger, attempt);
        throw new Error(`a stranger's ${name} was taken`);
      },
    }));
  }

  // -------------------- how each is done

  async #relay(count: number): Promise<void> {
    const home = this.#home();
    const { area } = home.feeder;
    const homes = this.random.shuffled(this.town.homes.filter(({ feeder }) => feeder.area === area)).slice(0, count);
    const orders = await Promise.all(homes.map((one) => this.#order(one)));
    this.#orders.push(...orders);
    await relayOrders(this.#relayer, { feeder: area, orders: orders.map(({ signed }) => signed) });
  }

  async #again(): Promise<void> {
    const known = this.#pick(this.#orders);
    if (known !== undefined) {
      await relayOrders(this.stranger, { feeder: known.home.feeder.area, orders: [known.signed] });
    }
  }

  async #cancel(): Promise<void> {
    const known = this.#pick(this.#orders);
    if (known !== undefined) await cancelOrder(known.home.chain, { order: known.signed.order });
  }

  async #order(home: NeighbourHome): Promise<{ readonly home: NeighbourHome; readonly signed: SignedOrder }> {
    const first = this.random.between(0, SLOTS - 1);
    const count = this.random.between(1, SLOTS - first);
    // by name, so that a home mostly keeps to its side and books fill
    const isSeller = isMaker(home) !== this.random.chance(0.1);
    const order: Order = {
      meter: home.meter,
      side: isSeller ? Side.Sell : Side.Buy,
      firstSlot: this.town.firstSlot + BigInt(first),
      wh: Array.from({ length: count }, () => BigInt(this.random.between(50, 1_800))),
      limits: Array.from(
        { length: count },
        () => BigInt(this.random.between(isSeller ? 90 : 150, isSeller ? 220 : 310)) * 1_000n,
      ),
      nonce: (this.#nonce += 1n),
      relayDeadline: this.#timesAt(first).gateClosure,
    };
    return { home, signed: await signOrder(home.chain.signer, energyMarketOf(this.#relayer), order) };
  }

  async #contract(): Promise<void> {
    const buyer = this.#pick(this.town.homes.filter((home) => !isMaker(home)));
    const seller = this.#pick(this.town.homes.filter(isMaker));
    if (buyer === undefined || seller === undefined) return;
    const slot = this.random.between(0, SLOTS - 1);
    const terms = {
      buyMeter: buyer.meter,
      sellMeter: seller.meter,
      firstSlot: this.town.firstSlot + BigInt(slot),
      price: BigInt(this.random.between(5, 250)) * 1_000n,
      wh: [BigInt(this.random.between(10, 900))],
      nonce: (this.#nonce += 1n),
      acceptDeadline: this.#timesAt(slot).gateClosure,
    };
    const signers = { terms, buyer: buyer.chain.signer, seller: seller.chain.signer };
    await acceptBilateral(this.stranger, await signBilateral(bilateralContractsOf(this.#relayer), signers));
  }

  /** Half of what it has withdrawn before. */
  async #give(home: NeighbourHome, account: string): Promise<void> {
    const { energyCredit, tradeEscrow } = home.chain.contracts;
    const amountMicro = (await creditsOf(home.chain, home.chain.signer.address)) / 2n;
    const spender = await tradeEscrow.getAddress();
    await transact(home.chain, () => energyCredit.approve(spender, amountMicro));
    await depositFor(home.chain, { account, amountMicro });
  }

  /** A reading by whom its status asks for: any value, so that people deviate, fall short and use what they sold. */
  async #read(status: ReadingStatus): Promise<void> {
    const slot = this.town.firstSlot + BigInt(this.random.between(0, SLOTS - 1));
    const homes = this.random.shuffled(this.town.homes).slice(0, this.random.between(1, 4));
    const readings = homes.map((home) => {
      const makes = isMaker(home);
      const reading = {
        meter: home.meter,
        slot,
        importWh: BigInt(this.random.between(0, makes ? 300 : 2_500)),
        exportWh: BigInt(this.random.between(0, makes ? 3_500 : 100)),
        status,
        sequence: BigInt(this.random.between(0, 255)),
      };
      const signer = status === ReadingStatus.Actual ? home.device : home.feeder.meteringOperator.signer;
      return signReading(signer, meterLedgerOf(this.#relayer), reading);
    });
    await submitReadings(this.stranger, { readings: await Promise.all(readings) });
  }

  async #dispute(): Promise<void> {
    const slot = this.town.firstSlot + BigInt(this.random.between(0, SLOTS - 1));
    const positions = this.#state.closed.get(`${this.#city}/${slot}`)?.positions ?? [];
    if (positions.length === 0) return;
    const [own, meter] = [this.random.between(0, positions.length - 1), this.random.between(0, positions.length - 1)];
    const party = positions[own]?.account ?? "";
    const home = this.town.homes.find(({ chain }) => chain.signer.address === party);
    if (home === undefined) return;
    const which = { closed: this.#closed(slot), ownPosition: BigInt(own), meterPosition: BigInt(meter) };
    await openDispute(home.chain, which);
    this.#disputes.push({ party, meter: positions[meter]?.meter ?? 0n, slot });
  }

  #closed(slot: bigint): Parameters<typeof openDispute>[1]["closed"] {
    const words = this.#view.closedSlotOf(this.#city, slot) ?? { positions: [], trades: [] };
    return { city: this.#city, slot, ...words };
  }

  // -------------------- running and checking

  async #between(from: bigint, until: bigint, steps: number, acts: () => readonly Act[]): Promise<void> {
    await this.network.clock.waitUntil(from);
    for (let step = 0; step < steps; step++) {
      await this.#acts(1, acts);
      const now = await this.network.clock.now();
      if (now < until) await this.network.clock.waitUntil(now + (until - now) / BigInt(this.random.between(4, 40)));
    }
  }

  async #acts(count: number, acts: () => readonly Act[]): Promise<void> {
    for (let step = 0; step < count; step++) {
      const act = this.#pick(acts());
      if (act !== undefined) await this.#act(act);
    }
  }

  /** One act, taken or refused by name; then what must hold. */
  async #act({ name, mayLower = NOBODY, run }: Act): Promise<void> {
    const before = this.#worths;
    let counts = this.done;
    try {
      await run();
    } catch (error) {
      if (!isCommonwattError(error)) throw error;
      counts = this.refused;
    }
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await this.#check(
      name,
      counts === this.refused && name !== "settle" && name !== "finalize" ? NOBODY : mayLower,
      before,
    );
  }

  async #check(name: string, mayLower: Debtors, before: ReadonlyMap<string, bigint>): Promise<void> {
    const toBlock = await this.network.transaction.provider.getBlockNumber();
    const range = { fromBlock: this.#nextBlock, toBlock };
    for await (const part of readEvents(this.network.transaction, range)) {
      for (const event of part) applyEvent(this.#state, event);
    }
    this.#nextBlock = toBlock + 1;
    await this.#view.sync(this.network.transaction, toBlock);
    checkBooks(this.#state);
    const [finding] = this.#state.findings;
    if (finding !== undefined) throw new Error(`after ${name}: ${finding.check} ${finding.where}: ${finding.what}`);
    for (const group of this.#state.settled.values()) this.#checkGroup(name, group);
    this.#worths = await this.#checkMoney(name);
    const may = mayLower();
    for (const [account, worth] of this.#worths) {
      const lost = (before.get(account) ?? 0n) - worth;
      if (lost <= 0n) continue;
      if (!may.has(account)) throw new Error(`after ${name}: ${account} lost ${lost} by what it neither did nor owed`);
      if (name === "resolve" && lost > DISPUTE_BOND) throw new Error(`a dispute cost ${lost}, more than its bond`);
    }
  }

  /** The chain's own accounts: credits conserved, the escrow solvent, all that is locked or held backed. */
  async #checkMoney(name: string): Promise<Map<string, bigint>> {
    const chain = this.network.transaction;
    const { owes, isOwed, issuedMicro, redeemedMicro } = this.#state;
    const worths = new Map<string, bigint>();
    let [inEscrow, all] = [0n, 0n];
    for (const account of new Set(this.#accounts)) {
      const { balanceMicro, lockedMicro, heldMicro } = await escrowAccountOf(chain, account);
      if (lockedMicro + heldMicro > balanceMicro)
        throw new Error(`after ${name}: ${account} has locks without credits`);
      const purse = await creditsOf(chain, account);
      inEscrow += balanceMicro;
      all += balanceMicro + purse;
      worths.set(account, balanceMicro + purse + (isOwed.get(account) ?? 0n) - (owes.get(account) ?? 0n));
    }
    const escrow = await creditsOf(chain, chain.deployment.contracts.TradeEscrow.address);
    if (escrow !== inEscrow) throw new Error(`after ${name}: the escrow has ${escrow} for accounts of ${inEscrow}`);
    if (all !== issuedMicro - redeemedMicro || all !== this.town.issuedMicro) {
      throw new Error(`after ${name}: ${all} credits of ${issuedMicro} issued`);
    }
    return worths;
  }

  /** Bought is sold; nobody pays above a limit, nor for what was not delivered, nor loses more than was locked. */
  #checkGroup(name: string, { area, slot, outcomes, deliveredWh }: SettledGroup): void {
    const sum = (of: (outcome: Outcome) => bigint): bigint => outcomes.reduce((total, one) => total + of(one), 0n);
    const where = `after ${name}: slot ${slot} of ${area}`;
    const [bought, sold] = [sum(({ boughtWh }) => boughtWh), sum(({ soldWh }) => soldWh)];
    const delivered = deliveredWh.reduce((total, wh) => total + wh, 0n);
    if (bought !== sold || bought !== delivered) throw new Error(`${where}: bought ${bought}, sold ${sold} Wh`);
    for (const outcome of outcomes) {
      const { meter, energyPaid, energyReceived, fees, bondPaid, bondReceived } = outcome;
      const { most, least } = this.#boundsOf(area, slot, deliveredWh, meter);
      if (energyPaid > 0n && energyPaid + fees > most)
        throw new Error(`${where}: meter ${meter} pays ${energyPaid} and ${fees}, above its limits: ${most}`);
      if (least > 0n && energyReceived - fees < least)
        throw new Error(`${where}: meter ${meter} is paid ${energyReceived} less ${fees}, below its limits: ${least}`);
      const position = this.#state.closed.get(`${area}/${slot}`)?.positions.find((one) => one.meter === meter);
      const lost = energyPaid + fees + bondPaid - energyReceived - bondReceived;
      if (lost > (position?.filledLock ?? 0n)) throw new Error(`${where}: meter ${meter} loses more than it locked`);
    }
  }

  /** What a meter pays at most for what it was delivered, and receives at least for what it delivered. */
  #boundsOf(
    area: bigint,
    slot: bigint,
    deliveredWh: readonly bigint[],
    meter: bigint,
  ): { readonly most: bigint; readonly least: bigint } {
    let [most, least] = [0n, 0n];
    const trades = this.#state.closed.get(`${area}/${slot}`)?.trades ?? [];
    trades.forEach((trade, index) => {
      const wh = deliveredWh[index] ?? 0n;
      const isBilateral = trade.level === TradeLevel.Bilateral;
      const limitOf = (feeder: bigint, place: bigint): bigint =>
        this.#state.books.get(`${feeder}/${slot}`)?.entries[Number(place)]?.limit ?? -1n;
      const pathFees = FEEDER_FEE + DISTRICT_FEE;
      if (trade.buyMeter === meter) {
        most += wh * (isBilateral ? trade.price + pathFees : limitOf(trade.buyFeeder, trade.buyIndex));
      }
      if (trade.sellMeter === meter) {
        least += wh * (isBilateral ? trade.price - pathFees : limitOf(trade.sellFeeder, trade.sellIndex));
      }
    });
    // micro-credits per kWh; payers are rounded up, payees down
    return { most: most / 1_000n + 1n, least: least <= 0n ? 0n : least / 1_000n - 1n };
  }

  /** Who has a meter, supplies or operates in the slot: all others a settlement cannot cost anything. */
  #partiesOf(slot: number): ReadonlySet<string> {
    const of = this.town.firstSlot + BigInt(slot);
    const utilities = this.town.feeders.flatMap(({ supplier, gridOperator }) => [supplier, gridOperator]);
    const parties = new Set(utilities.map(({ signer }) => signer.address));
    for (const group of this.#state.settled.values()) {
      if (group.slot === of) for (const { account } of group.outcomes) parties.add(account);
    }
    return parties;
  }

  #at(slot: number): { readonly city: bigint; readonly slot: bigint } {
    return { city: this.#city, slot: this.town.firstSlot + BigInt(slot) };
  }

  #home(): NeighbourHome {
    const home = this.#pick(this.town.homes);
    if (home === undefined) throw new Error("the town has no homes");
    return home;
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items.length === 0 ? undefined : items[this.random.between(0, items.length - 1)];
  }

  #timesAt(slot: number): SlotTimes {
    const times = this.times[slot];
    if (times === undefined) throw new Error(`there is no slot ${slot}`);
    return times;
  }

  get #city(): bigint {
    return this.town.cities[0]?.area ?? 0n;
  }
}
