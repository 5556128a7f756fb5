/**
 * The agents of a simulated neighbourhood's homes: each takes its meter's readings from the oracle and its settled
 * outcomes from the transaction chain, and writes them to its home's vault on the user chain, when docs/privacy.md says.
 */
import { settledOutcomes } from "../../sdk/actions/outcomes.js";
import { timesOf } from "../../sdk/actions/market.js";
import { withSigner, type TransactionChain, type UserChain } from "../../sdk/connect.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import {
  billSums,
  HomeAgent,
  monthOf,
  MemoryJournal,
  recordChainOf,
  Vault,
  vaultDirectoryOf,
  writingTime,
  type Unlinkability,
} from "../../sdk/vault/index.js";
import { shuffledInBatches } from "../home-admission.js";
import type { Random } from "../inputs/index.js";
import type { NeighbourHome } from "../neighbourhood.js";
import { grouped } from "../simulate/grouped.js";
import type { Meters } from "../simulate/metering.js";
import type { Timeline } from "../simulate/timeline.js";
import type { VaultStores } from "./stores.js";

/** A home as its agent knows it. */
export type AgentHome = Pick<NeighbourHome, "home" | "meter" | "wallet" | "connectionWh">;

export interface AgentsParts {
  readonly user: UserChain;
  readonly transaction: TransactionChain;
  readonly homes: readonly AgentHome[];
  readonly stores: VaultStores;
  readonly unlinkability: Unlinkability;
  /** When agents write and in which order keys are published; each home and chain draws from a stream of its own. */
  readonly random: Random;
  readonly slotSeconds: bigint;
  /** The homes' clock, seconds east of UTC. */
  readonly offsetSeconds: bigint;
  /** Unix seconds. */
  readonly now: () => bigint;
}

/** Slots of the chain, both included. */
export interface SlotRange {
  readonly first: bigint;
  readonly last: bigint;
}

export class Agents {
  readonly #byMeter: ReadonlyMap<bigint, HomeAgent>;

  private constructor(
    private readonly parts: AgentsParts,
    /** By home. */
    readonly agents: ReadonlyMap<string, HomeAgent>,
  ) {
    this.#byMeter = new Map([...agents.values()].map((agent) => [agent.meter, agent]));
  }

  /** Opens the vaults and publishes their keys, in an order that no admission had. */
  static async open(parts: AgentsParts): Promise<Agents> {
    const agents = new Map<string, HomeAgent>();
    for (const home of parts.homes) agents.set(home.home, await agentOf(parts, home));
    const { admissionBatch } = parts.unlinkability;
    for (const agent of shuffledInBatches([...agents.values()], parts.random.fork("keys"), admissionBatch)) {
      await agent.vault.publishKey();
    }
    return new Agents(parts, agents);
  }

  get stores(): VaultStores {
    return this.parts.stores;
  }

  /** What the agents and their share stores take for now, Unix seconds. */
  now(): bigint {
    return this.parts.now();
  }

  /** What the oracle hands over. */
  take(readings: readonly Omit<SignedReading, "r" | "vs">[]): void {
    for (const { meter, slot, importWh, exportWh, status } of readings) {
      this.#byMeter.get(meter)?.take({ meter, slot, importWh, exportWh, status });
    }
  }

  /** Meters after whose reports agents without a plan write at once. */
  following(meters: Meters): Meters {
    if (this.parts.unlinkability.writeEvery > 0n) return meters;
    return {
      report: async (dataSlots) => {
        await meters.report(dataSlots);
        await this.writeAll();
      },
      fillGaps: async () => {
        await meters.fillGaps();
        await this.writeAll();
      },
      stop: () => meters.stop(),
    };
  }

  /** Everybody who has something to write, writes now, in the order of the homes. */
  async writeAll(): Promise<void> {
    for (const agent of this.agents.values()) {
      agent.catchUp();
      if (agent.isBehind) await agent.write();
    }
  }

  /** Puts the writing of a run's slots into its timeline: readings by period, bills by month. */
  async schedule(timeline: Timeline, { first, last }: SlotRange): Promise<void> {
    const { unlinkability, slotSeconds, random } = this.parts;
    const { writeEvery } = unlinkability;
    const draw = random.fork("times");
    const drawFor = (home: string, end: bigint): ((bound: bigint) => bigint) => {
      const own = draw.fork(`${home}/${end}`);
      return (bound) => BigInt(own.between(0, Number(bound) - 1));
    };
    if (writeEvery > 0n) {
      for (const end of this.#periodEnds({ first, last }, writeEvery)) {
        const until = (end - 1n) / slotSeconds;
        const from = end - writeEvery < first * slotSeconds ? first : (end - writeEvery) / slotSeconds;
        const period = { first: from, last: until < last ? until : last };
        for (const [home, agent] of this.#inAnyOrder(end)) {
          const time = writingTime(unlinkability, end, drawFor(home, end));
          timeline.at(time, () => this.#write(agent, period));
        }
      }
    }
    for (const month of this.#months({ first, last })) {
      const { finalDate } = await timesOf(this.parts.transaction, month.last);
      timeline.at(finalDate, () => this.#takeBills(month));
      const monthEnd = (month.last + 1n) * slotSeconds;
      for (const [home, agent] of this.#inAnyOrder(monthEnd + 1n)) {
        const time = writingTime({ ...unlinkability, writeAfter: 0n }, finalDate, drawFor(home, monthEnd + 1n));
        timeline.at(time, () => this.#write(agent, month));
      }
    }
  }

  /** Of those that draw the same second, either may be first. */
  #inAnyOrder(end: bigint): (readonly [home: string, agent: HomeAgent])[] {
    return this.parts.random.fork(`ties/${end}`).shuffled([...this.agents]);
  }

  async #write(agent: HomeAgent, slots: SlotRange): Promise<void> {
    agent.expect(slots);
    await agent.write();
  }

  /** The ends of the periods that the slots lie in, by the homes' clock. */
  #periodEnds({ first, last }: SlotRange, every: bigint): bigint[] {
    const { slotSeconds, offsetSeconds } = this.parts;
    const endOf = (slot: bigint): bigint => ((slot * slotSeconds + offsetSeconds) / every + 1n) * every - offsetSeconds;
    const ends: bigint[] = [];
    for (let end = endOf(first); end <= endOf(last); end += every) ends.push(end);
    return ends;
  }

  #months({ first, last }: SlotRange): (SlotRange & { readonly label: string })[] {
    const { slotSeconds, offsetSeconds } = this.parts;
    const months: { first: bigint; last: bigint; label: string }[] = [];
    for (let slot = first; slot <= last; slot += 1n) {
      const label = monthOf(slot, slotSeconds, offsetSeconds);
      const month = months.at(-1);
      if (month?.label === label) month.last = slot;
      else months.push({ first: slot, last: slot, label });
    }
    return months;
  }

  /** Every agent reads the whole chain's settlements, so that it asks no node for its own; here all share one reading. */
  async #takeBills({ label, first, last }: SlotRange & { readonly label: string }): Promise<void> {
    const settled = await settledOutcomes(this.parts.transaction, { first, last });
    const outcomes = grouped(
      settled.filter(({ isFinal }) => isFinal),
      ({ outcome }) => outcome.meter,
    );
    for (const agent of this.agents.values()) {
      const own = (outcomes.get(agent.meter) ?? []).toSorted((a, b) => Number(a.slot - b.slot));
      const [from, to] = [own[0]?.slot, own.at(-1)?.slot];
      if (from === undefined || to === undefined) continue;
      const sums = billSums(own.map(({ outcome }) => outcome));
      agent.takeBill(label, { meter: agent.meter, firstSlot: from, lastSlot: to, ...sums });
    }
  }
}

async function agentOf(parts: AgentsParts, { home, meter, wallet, connectionWh }: AgentHome): Promise<HomeAgent> {
  const signer = wallet.account("user").connect(parts.user.provider);
  const chain = withSigner(parts.user, signer);
  const vault = await Vault.open({
    chain: recordChainOf(chain),
    directory: vaultDirectoryOf(chain),
    contents: [parts.stores.contents],
    shares: parts.stores.shares,
    keys: wallet,
    signer,
    journal: new MemoryJournal(),
    now: parts.now,
  });
  return new HomeAgent({
    vault,
    meter,
    slotSeconds: parts.slotSeconds,
    offsetSeconds: parts.offsetSeconds,
    profile: { name: home },
    device: { meter: String(meter), connectionWh: String(connectionWh) },
  });
}
