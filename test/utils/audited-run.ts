/**
 * A small neighbourhood that goes through all that moves money or energy: orders in books of every level, cancels, a
 * bilateral contract, short sellers, estimates, corrections, missing readings, a quorum of oracles with a liar, disputes, arrears of homes and suppliers,
 * fees, withdrawals. For tests of the audit. No side effects.
 */
import { ZeroAddress, id } from "ethers";

import { clearTree, closeTree } from "../../sdk/actions/clearing.js";
import { approveCredits, issueCredits, redeemCredits, transferCredits } from "../../sdk/actions/credits.js";
import { openDispute, resolveDispute } from "../../sdk/actions/disputes.js";
import { depositFor, payArrears, withdraw, withdrawableOf } from "../../sdk/actions/escrow.js";
import { claimFees, claimVoterRewards } from "../../sdk/actions/fees.js";
import { postpone, setPrices, timesOf } from "../../sdk/actions/market.js";
import {
  acceptBilateral,
  bilateralContractsOf,
  cancelOrder,
  energyMarketOf,
  relayOrders,
} from "../../sdk/actions/orders.js";
import { liftBar, meterLedgerOf, submitReadings } from "../../sdk/actions/readings.js";
import { finalizeSlot, settleSlot } from "../../sdk/actions/settlement.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import { ReadingStatus, Side } from "../../sdk/enums.js";
import { readEvents, type ChainEvent } from "../../sdk/events.js";
import { MarketView } from "../../sdk/market-view.js";
import { signBilateral, signOrder, type Order } from "../../sdk/signing/orders.js";
import { signReading } from "../../sdk/signing/readings.js";
import { transact } from "../../sdk/transact.js";
import type { SlotTimes } from "../../sdk/time/slots.js";
import { AttestedFeeder } from "./quorum.js";
import { admitNeighbourhood, type NeighbourHome, type Neighbourhood } from "../../scripts/neighbourhood.js";
import { openEmbedded, type EmbeddedNetwork, type EmbeddedOptions } from "../../scripts/networks/index.js";
import type { Grid } from "../../scripts/grid/index.js";

const CREDIT = 1_000_000n;
const FEEDERS = [
  ["north", "North Power", ["seller", "neighbour"]],
  ["middle", "North Power", ["across", "poor"]],
  ["south", "South Power", ["far", "idle"]],
] as const;
type HomeName = (typeof FEEDERS)[number][2][number];

const GRID: Grid = {
  version: 1,
  cities: [
    {
      name: "Town",
      districts: [FEEDERS.slice(0, 2), FEEDERS.slice(2)].map((feeders, index) => ({
        name: `district ${index + 1}`,
        feeMicroPerKwh: 8_000,
        capacityWh: index === 1 ? 900 : null,
        feeders: feeders.map(([name, supplier, homes]) => ({
          name,
          supplier,
          gridOperator: "Grid",
          meteringOperator: "Metering",
          feeMicroPerKwh: 4_000,
          capacityWh: null,
          homes: homes.map((home) => ({ home, connectionWh: 9_000 })),
        })),
      })),
    },
  ],
};

/** Where the run is stopped to be audited, in order. */
export const STAGES = ["open", "delivered", "half final", "final"] as const;
export type Stage = (typeof STAGES)[number];

export class AuditedRun {
  readonly view = new MarketView();
  readonly #times: SlotTimes[] = [];
  readonly #relayer: TransactionChain;
  #nonce = 0n;

  private constructor(
    readonly network: EmbeddedNetwork,
    readonly neighbourhood: Neighbourhood,
    readonly firstSlot: bigint,
    /** The one in the south. */
    readonly attested: AttestedFeeder,
  ) {
    this.#relayer = withSigner(network.transaction, network.operators.transaction.relayer);
  }

  static async open(options: Partial<EmbeddedOptions> = {}): Promise<AuditedRun> {
    const network = await openEmbedded({ seed: 5, slotSeconds: 3_600, genesisTime: 1_709_510_400n, ...options });
    const deposits: Partial<Record<string, bigint>> = { poor: CREDIT / 2n };
    const neighbourhood = await admitNeighbourhood(network, {
      grid: GRID,
      seed: 5,
      homeDepositMicro: (home) => deposits[home] ?? 60n * CREDIT,
      supplierDepositMicro: 100_000n,
    });
    const firstSlot = neighbourhood.firstSlot + 1n;
    const [, , feeder] = neighbourhood.feeders;
    const run = new AuditedRun(
      network,
      neighbourhood,
      firstSlot,
      await AttestedFeeder.open(network, neighbourhood, { feeder, fromSlot: firstSlot }),
    );
    for (const { area, supplier } of neighbourhood.feeders) {
      const prices = [0, 1, 2, 3].map((step) => ({ retail: 300_000n + BigInt(step), feedIn: 120_000n }));
      await setPrices(supplier, { feeder: area, firstSlot: run.firstSlot, prices });
    }
    for (let slot = 0; slot < 4; slot++)
      run.#times.push(await timesOf(network.transaction, run.firstSlot + BigInt(slot)));
    return run;
  }

  /** From the stage before to this one. */
  async reach(stage: Stage): Promise<void> {
    if (stage === "open") await this.#trade();
    else if (stage === "delivered") await this.#deliver();
    else await this.#finish(stage === "half final" ? [0, 1] : [2, 3]);
  }

  /** All events of the transaction chain so far, and the last block. */
  async events(): Promise<{ readonly events: ChainEvent[]; readonly toBlock: number }> {
    const chain = this.network.transaction;
    const toBlock = await chain.provider.getBlockNumber();
    const events: ChainEvent[] = [];
    const range = { fromBlock: chain.deployment.deploymentBlock, toBlock };
    for await (const part of readEvents(chain, range)) events.push(...part);
    return { events, toBlock };
  }

  async close(): Promise<void> {
    await this.network.close();
  }

  /** Orders of all levels, a cancel of a part, a cancel before the relay, a contract over the last two slots. */
  async #trade(): Promise<void> {
    await this.#vote();
    await this.#waitUntil(this.#timesAt(3).opens);
    const sellers = await this.#order("seller", Side.Sell, [3_000n, 2_000n, 1_000n], 150_000n);
    await this.#relay([sellers, await this.#order("neighbour", Side.Buy, [1_000n, 900n, 800n], 290_000n)]);
    await this.#relay([await this.#order("across", Side.Buy, [900n, 800n, 700n, 100n], 280_000n)]);
    const far = await this.#order("far", Side.Buy, [2_000n, 700n, 600n], 270_000n);
    await this.#relay([far]);
    await this.#relay([far]); // a rival's: it is skipped
    await cancelOrder(this.#home("far").chain, { order: far.order, places: [1] });
    const unsent = await this.#order("idle", Side.Buy, [500n], 200_000n);
    await cancelOrder(this.#home("idle").chain, { order: unsent.order, places: [0] });
    await this.#contract();
    for (const slot of [0, 1, 2, 3]) await this.#clear(slot);
  }

  /** A home locks credits and votes for the accountant whose blocks these are. */
  async #vote(): Promise<void> {
    const { chain } = this.#home("far");
    const { accountant1, issuer } = this.network.operators.transaction;
    const stake = { to: chain.signer.address, amountMicro: 2n * CREDIT, paymentReference: id("stake") };
    await issueCredits(withSigner(this.network.transaction, issuer), stake);
    const { voteBook, accountantElection } = chain.contracts;
    await approveCredits(chain, { spender: await voteBook.getAddress(), amountMicro: stake.amountMicro });
    const candidate = await accountantElection.candidateOf(accountant1.address);
    await transact(chain, () => voteBook.lock(stake.amountMicro, chain.defaults));
    await transact(chain, () => voteBook.vote([candidate], chain.defaults));
  }

  async #contract(): Promise<void> {
    const chain = this.network.transaction;
    const [buyer, seller] = [this.#home("neighbour"), this.#home("seller")];
    const terms = {
      buyMeter: buyer.meter,
      sellMeter: seller.meter,
      firstSlot: this.firstSlot + 2n,
      price: 200_000n,
      wh: [300n, 400n],
      nonce: 77n,
      acceptDeadline: this.#timesAt(2).gateClosure,
    };
    const signers = { terms, buyer: buyer.chain.signer, seller: seller.chain.signer };
    await acceptBilateral(this.#relayer, await signBilateral(bilateralContractsOf(chain), signers));
  }

  async #clear(slot: number): Promise<void> {
    await this.#waitUntil(this.#timesAt(slot).gateClosure);
    const at = { city: this.#city, slot: this.firstSlot + BigInt(slot) };
    await clearTree(this.#relayer, this.view, at);
    await closeTree(this.#relayer, this.view, at);
  }

  /** Readings good and bad, settlements, differences, disputes, arrears, and what brings their payment. */
  async #deliver(): Promise<void> {
    const all: HomeName[] = ["seller", "neighbour", "across", "poor", "far", "idle"];
    await this.#waitUntil(this.#timesAt(3).deliveryEnd);
    // slot 0: the seller is short; slot 1: `idle` and `across` stay silent; slot 2: `far` is estimated; slot 3: as ordered
    await this.#read(0, { seller: [0n, 1_700n], neighbour: [1_400n, 0n], across: [400n, 0n] }, all);
    await this.#read(1, { seller: [50n, 2_600n], neighbour: [2_000n, 0n] }, ["seller", "neighbour", "poor", "far"]);
    await this.#read(2, { seller: [0n, 200n] }, ["seller", "neighbour", "across", "poor", "idle"]);
    await this.#read(3, { seller: [0n, 9_000n], idle: [0n, 8_000n] }, all);
    await this.#sign(2, "far", [900n, 0n], ReadingStatus.Estimated, 1n);
    await this.#settle(0, 2, 3);
    for (const operator of this.attested.operators.slice(0, 2)) {
      const slot = this.firstSlot + 3n;
      await postpone(operator, { firstSlot: slot, lastSlot: slot, bySeconds: 900n });
    }
    await this.#waitUntil(this.#timesAt(1).readingEnd);
    await this.#settle(1);
    await liftBar(this.#relayer, { meter: this.#home("across").meter, laterSlot: this.firstSlot + 2n });
    await this.#dispute();
    await this.#pay();
  }

  /** Won: a correction changes the value. Lost: it confirms it. The third stays undecided. */
  async #dispute(): Promise<void> {
    await this.#open(0, "neighbour", "seller");
    await this.#open(0, "far", "across");
    await this.#open(2, "neighbour", "seller");
    await this.#sign(0, "seller", [0n, 2_900n], ReadingStatus.Corrected, 2n);
    await this.#sign(0, "across", [400n, 0n], ReadingStatus.Corrected, 2n);
    await this.#sign(0, "poor", [600n, 0n], ReadingStatus.Corrected, 2n); // a refund is set off against its debt
    await this.#settle(0);
    await this.#sign(2, "idle", [10n, 4_000n], ReadingStatus.Corrected, 2n);
    await this.#settle(2);
    await this.#resolve(0, "neighbour", "seller");
    await this.#resolve(0, "far", "across");
  }

  /** Credits come to those in arrears, others leave the market. */
  async #pay(): Promise<void> {
    const [rich, poor] = [this.#home("far"), this.#home("poor")];
    await withdraw(rich.chain, { amountMicro: 20n * CREDIT });
    const { address } = this.network.transaction.deployment.contracts.TradeEscrow;
    await approveCredits(rich.chain, { spender: address, amountMicro: 10n * CREDIT });
    await depositFor(rich.chain, { account: poor.chain.signer.address, amountMicro: 500_000n });
    for (const name of ["North Power", "South Power"]) {
      const account = this.neighbourhood.members.get(name)?.signer.address ?? ZeroAddress;
      await depositFor(rich.chain, { account, amountMicro: 400_000n });
    }
    await transferCredits(rich.chain, { to: address, amountMicro: 3n }); // by mistake: no account counts it
    const issuer = withSigner(this.network.transaction, this.network.operators.transaction.issuer);
    await approveCredits(rich.chain, { spender: await issuerAddress(issuer), amountMicro: CREDIT });
    const paid = { holder: rich.chain.signer.address, amountMicro: CREDIT, paymentReference: id("paid out") };
    await redeemCredits(issuer, paid);
    await claimFees(this.#relayer, { accountant: this.network.operators.transaction.accountant1.address });
    await claimVoterRewards(this.#relayer, { voter: rich.chain.signer.address });
    await payArrears(this.#relayer, { debtor: poor.chain.signer.address, maxCreditors: 4n });
    const leaving = this.#home("across").chain;
    const amountMicro = (await withdrawableOf(leaving, leaving.signer.address)) / 2n;
    await withdraw(leaving, { amountMicro });
  }

  async #finish(slots: readonly number[]): Promise<void> {
    for (const slot of slots) {
      if (slot === 2) {
        await this.#waitUntil(this.#timesAt(2).decisionEnd);
        await this.#resolve(2, "neighbour", "seller");
      }
      const at = { city: this.#city, slot: this.firstSlot + BigInt(slot) };
      const { finalDate } = await timesOf(this.network.transaction, at.slot);
      await this.#waitUntil(finalDate);
      await finalizeSlot(this.#relayer, this.view, at);
    }
  }

  async #settle(...slots: number[]): Promise<void> {
    for (const slot of slots) {
      await settleSlot(this.#relayer, this.view, { city: this.#city, slot: this.firstSlot + BigInt(slot) });
    }
  }

  /** Actual readings of the homes named; import 1,200 Wh where nothing else is given. */
  async #read(
    slot: number,
    values: Partial<Record<HomeName, readonly [bigint, bigint]>>,
    homes: readonly HomeName[],
  ): Promise<void> {
    const readings = homes.map((name) => {
      const [importWh, exportWh] = values[name] ?? [1_200n, 0n];
      const { meter, device } = this.#home(name);
      const reading = { meter, slot: this.firstSlot + BigInt(slot), importWh, exportWh, sequence: 1n };
      const domain = meterLedgerOf(this.network.transaction);
      return signReading(device, domain, { ...reading, status: ReadingStatus.Actual });
    });
    const signed = await Promise.all(readings);
    await this.attested.attest(signed, slot === 0 ? "before" : slot === 2 ? "after" : undefined);
    await submitReadings(this.#relayer, { readings: signed });
  }

  async #sign(
    slot: number,
    name: HomeName,
    [importWh, exportWh]: readonly [bigint, bigint],
    status: ReadingStatus,
    sequence: bigint,
  ): Promise<void> {
    const { meter, feeder } = this.#home(name);
    const reading = { meter, slot: this.firstSlot + BigInt(slot), importWh, exportWh, status, sequence };
    const { signer } = feeder.meteringOperator;
    const signed = await signReading(signer, meterLedgerOf(this.network.transaction), reading);
    await this.attested.attest([signed], undefined);
    await submitReadings(this.#relayer, { readings: [signed] });
  }

  async #open(slot: number, party: HomeName, disputed: HomeName): Promise<void> {
    const closed = await this.#closed(slot);
    await openDispute(this.#home(party).chain, {
      closed,
      ownPosition: this.#positionOf(slot, party),
      meterPosition: this.#positionOf(slot, disputed),
    });
  }

  async #resolve(slot: number, party: HomeName, disputed: HomeName): Promise<void> {
    const closed = await this.#closed(slot);
    const { address } = this.#home(party).chain.signer;
    await resolveDispute(this.#relayer, { party: address, meter: this.#home(disputed).meter, closed });
  }

  async #closed(index: number): Promise<Parameters<typeof openDispute>[1]["closed"]> {
    await this.view.sync(this.network.transaction);
    const slot = this.firstSlot + BigInt(index);
    const words = this.view.closedSlotOf(this.#city, slot);
    if (words === undefined) throw new Error(`slot ${slot} is not closed`);
    return { city: this.#city, slot, ...words };
  }

  #positionOf(slot: number, name: HomeName): bigint {
    const trading = this.view.tradingMetersOf(this.#city, this.firstSlot + BigInt(slot));
    const meters = [...trading].sort((a, b) => Number(a - b));
    return BigInt(meters.indexOf(this.#home(name).meter));
  }

  /** An order from the first slot on. */
  async #order(name: HomeName, side: Side, wh: readonly bigint[], limit: bigint): Promise<Signed> {
    const home = this.#home(name);
    const order: Order = {
      meter: home.meter,
      side,
      firstSlot: this.firstSlot,
      wh,
      limits: wh.map(() => limit),
      nonce: (this.#nonce += 1n),
      relayDeadline: this.#timesAt(0).gateClosure,
    };
    return { ...(await signOrder(home.chain.signer, energyMarketOf(this.network.transaction), order)), home };
  }

  async #relay(orders: readonly Signed[]): Promise<void> {
    const feeder = orders[0]?.home.feeder.area ?? 0n;
    await relayOrders(this.#relayer, { feeder, orders });
  }

  #home(name: HomeName): NeighbourHome {
    const home = this.neighbourhood.homes.find((candidate) => candidate.home === name);
    if (home === undefined) throw new Error(`there is no home ${name}`);
    return home;
  }

  #timesAt(slot: number): SlotTimes {
    const times = this.#times[slot];
    if (times === undefined) throw new Error(`the run has no slot ${slot}`);
    return times;
  }

  #waitUntil(time: bigint): Promise<void> {
    return this.network.clock.waitUntil(time);
  }

  get #city(): bigint {
    return this.neighbourhood.cities[0]?.area ?? 0n;
  }
}

type Signed = Awaited<ReturnType<typeof signOrder>> & { readonly home: NeighbourHome };

async function issuerAddress(chain: TransactionChain): Promise<string> {
  return (await chain.signer?.getAddress()) ?? ZeroAddress;
}
