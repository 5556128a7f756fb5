import { expect } from "chai";
import type { Provider } from "ethers";

import {
  applyEvent,
  auditChain,
  auditedContracts,
  AUDIT_CHECKS,
  checkBooks,
  compareWithChain,
  emptyState,
  type AuditState,
  type Finding,
} from "../../sdk/audit/index.js";
import { connectTransactionChain, type TransactionChain } from "../../sdk/connect.js";
import type { ChainEvent } from "../../sdk/events.js";
import {
  packBilateral,
  packDelivered,
  packEntry,
  packMovement,
  packOutcome,
  packParty,
  packPosition,
  packReading,
  packRest,
  packTrade,
  TradeLevel,
  unpackBilaterals,
  unpackDelivered,
  unpackEntries,
  unpackMovements,
  unpackOutcomes,
  unpackParties,
  unpackPositions,
  unpackReadings,
  unpackRests,
  unpackTrades,
  type Trade,
} from "../../sdk/records.js";
import { AuditedRun, STAGES, type Stage } from "../utils/audited-run.js";

/** Nobody in the run. */
const STRANGER = "0x5a5A5a5a5A5a5a5a5a5A5a5A5A5a5a5A5A5A5A5A";

/** How lists of packed words are made of records. */
interface Codec {
  readonly words: number;
  readonly unpack: (words: readonly string[]) => object[];
  readonly pack: (record: never) => string | readonly string[];
}
const codec = <Item extends object>(
  words: number,
  unpack: (words: readonly string[]) => Item[],
  pack: (record: Item) => string | readonly string[],
): Codec => ({ words, unpack, pack });

const ENTRIES = codec(2, unpackEntries, packEntry);
const TRADES = codec(1, unpackTrades, packTrade);
const OUTCOMES = codec(4, unpackOutcomes, packOutcome);
const PACKED: Readonly<Record<string, Codec>> = {
  "TradeEscrow.Moved.movements": codec(2, unpackMovements, packMovement),
  "EnergyMarket.EntriesAppended.entries": ENTRIES,
  "BilateralContracts.BilateralAccepted.entries": codec(4, unpackBilaterals, packBilateral),
  "Clearing.BookCleared.trades": TRADES,
  "Clearing.BookCleared.rests": codec(1, unpackRests, packRest),
  "Clearing.SlotClosed.positions": codec(2, unpackPositions, packPosition),
  "Clearing.SlotClosed.trades": TRADES,
  "Settlement.SlotSettled.outcomes": OUTCOMES,
  "Settlement.SlotSettled.parties": codec(2, unpackParties, packParty),
  "Settlement.RestSettled.outcomes": OUTCOMES,
  "Settlement.SlotSettled.delivered": codec(
    1,
    (words) => words.map((word) => Object.fromEntries(unpackDelivered([word], 8).entries())),
    (wh: Record<string, bigint>) => packDelivered(Object.values(wh)),
  ),
  "MeterLedger.ReadingBatchStored.readings": codec(1, unpackReadings, packReading),
  "ReadingQuorum.ReadingsAttested.readings": codec(1, unpackReadings, packReading),
};

/**
 * What the audit does not notice, and why it does not matter to money or energy. The tests fail when one of these is
 * noticed, so that the list stays true. `*` stands for the whole event: any of its values, its loss, its repetition.
 */
const HARMLESS: Readonly<Record<string, string>> = {
  "FederationAccessManager.*": "who may do what: the chain enforced it when it happened",
  "*.AuthorityUpdated.*": "names the AccessManager at deployment",
  "TradeEscrow.FeesAccountBound.*": "the fees' account is known from the deployment, its money from movements",
  "Federation.DelegateVotesChanged.*": "a member's vote follows from its admission",
  "Federation.ObserverBound.*": "which contracts work together: known from the deployment",
  "Federation.*Admitted.said twice": "the same admission again is the same admission",
  "AccountantElection.*": "who makes blocks: what they booked is in the revenue's events",
  "VoteBook.*": "votes: stake is in transfers, what it earned in the revenue's events",
  "*.PartsBound.*": "which contracts work together: known from the deployment",
  "*.EscrowBound.*": "which contracts work together: known from the deployment",
  "AccountingRevenue.VoterFeeBooked.candidate": "whose voters: what they are due is compared voter by voter",
  "DeviceRegistry.DeviceCertified.validFrom": "checked with the certificate's signature, check A29",
  "DeviceRegistry.DeviceCertified.certificate": "likewise",
  "DeviceRegistry.*.said twice": "the same decision again changes nothing",
  "DeviceRegistry.DeviceStatusChanged.*": "a status that a later one replaced, and by whom: check A30 sees the calls",
  "EnergyCredit.Approval.*": "an allowance is no credit; what is spent of it is a transfer",
  "HeaderAnchors.*": "the other chain's headers: no money or energy stands on them",
  "EnergyMarket.OrderRevoked.*": "an order that never came into a book",
  "EnergyMarket.OrderSkipped.*": "an order that is in its books already",
  "MarketCalendar.PostponementCalled.*": "a call moves nothing; what is decided is compared",
  "MarketCalendar.SlotPostponed.operator": "whose call decided; by how much is compared",
  "TradeEscrow.Moved of *.area": "a label of what belongs to no area: deposits, locks, bonds, debts",
  "TradeEscrow.Moved of *.slot": "a label of what belongs to an account, not to a slot",
  "TradeEscrow.Moved*.movements, moved": "the same movements of one call: none depends on another",
  "EnergyMarket.EntriesAppended.entries, moved": "entries of different slots: each book has its own log",
  "BilateralContracts.BilateralAccepted.entries, moved": "slots of one contract, likewise",
  "GridTopology.AreaCreated of a city.fromSlot": "its feeders count from slots of their own",
  "MarketRules.*.said twice": "the same decision again changes nothing",
  "MarketCalendar.*.said twice": "likewise",
  "GridTopology.*.said twice": "likewise",
  "ReadingQuorum.QuorumScheduled.said twice": "likewise",
  "Tariffs.SlotPricesSet.said twice": "likewise",
  "MeterLedger.MeterBarred.said twice": "a bar again is the same bar",
  "MeterLedger.BarLifted.said twice": "likewise",
  "Settlement.*Settled.said twice": "the same outcomes again are the same outcomes",
  "*.order": "events next to each other of which neither depends on the other; the chain's own order is check A0",
};
/** MarketTypes.AreaLevel. */
const CITY = 2n;
/** Movements that settlements and releases make: their area and slot do matter. */
const SETTLING = [7n, 8n, 9n, 10n];

interface Mutation {
  /** `Contract.Event.what`. */
  readonly name: string;
  readonly at: number;
  /** The events from place `at` on that stand in for `replaced` of them. */
  readonly events: readonly ChainEvent[];
  readonly replaced: number;
}

/** A value of the same kind that is not the same. */
function changed(value: unknown): unknown {
  if (typeof value === "bigint") return value ^ 1n;
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string") throw new TypeError(`cannot change ${typeof value}`);
  if (value.length === 42) return STRANGER;
  return `${value.slice(0, -1)}${value.endsWith("0") ? "1" : "0"}`;
}

/** Each way in which a value can be changed once, with its name. */
function* changesOf(name: string, value: unknown): Generator<readonly [name: string, value: unknown]> {
  const packed = PACKED[name];
  if (Array.isArray(value) && packed !== undefined) yield* changesOfPacked(name, value as string[], packed);
  else if (Array.isArray(value)) yield* changesOfList(name, value);
  else if (typeof value === "object" && value !== null) yield* changesOfStruct(name, value);
  else yield [name, changed(value)];
}

function* changesOfStruct(name: string, struct: object): Generator<readonly [string, unknown]> {
  for (const [field, value] of Object.entries(struct)) {
    if (typeof value === "object") {
      for (const [inner, change] of changesOfStruct(`${name}.${field}`, value as object)) {
        yield [inner, { ...struct, [field]: change }];
      }
    } else yield [`${name}.${field}`, { ...struct, [field]: changed(value) }];
  }
}

/** The first and the last item changed; one left out, one twice. */
function* changesOfList(name: string, list: readonly unknown[]): Generator<readonly [string, unknown[]]> {
  for (const place of new Set([0, list.length - 1])) {
    if (list[place] === undefined) continue;
    yield [`${name}[${place}]`, list.with(place, changed(list[place]))];
  }
}

/** Each field of the first and the last record; a record left out, repeated, moved. */
function* changesOfPacked(
  name: string,
  words: readonly string[],
  { words: size, unpack, pack }: Codec,
): Generator<readonly [string, string[]]> {
  const records = unpack(words);
  const packAll = (list: readonly object[]): string[] => list.flatMap((record) => pack(record as never));
  for (const place of new Set([0, records.length - 1])) {
    const record = records[place];
    if (record === undefined) continue;
    for (const [field, change] of changesOfStruct(name, record)) {
      yield [field, packAll(records.with(place, change as object))];
    }
  }
  if (records.length === 0) return;
  yield [`${name}, a record less`, words.slice(size)];
  yield [`${name}, a record twice`, [...words, ...words.slice(-size)]];
  const moved = [...records.slice(1), ...records.slice(0, 1)];
  if (records.length > 1) yield [`${name}, moved`, packAll(moved)];
}

/** Mutations of one event: each value, its loss, its repetition, its change of places with the next. */
function mutationsOf(events: readonly ChainEvent[], at: number): Mutation[] {
  const event = events[at];
  if (event === undefined) return [];
  const kind = kindOf(event);
  const plain = `${event.contract}.${event.name}`;
  const mutations: Mutation[] = [];
  for (const [argument, value] of Object.entries(event.args)) {
    for (const [name, change] of changesOf(`${plain}.${argument}`, value)) {
      const args = { ...event.args, [argument]: change };
      mutations.push({ name: `${kind}${name.slice(plain.length)}`, at, events: [{ ...event, args }], replaced: 1 });
    }
  }
  // emitted twice: the second one has a place of its own
  const again = { ...event, logIndex: event.logIndex + 0.5 };
  mutations.push({ name: `${kind}.loss`, at, events: [], replaced: 1 });
  mutations.push({ name: `${kind}.repeat`, at, events: [event, event], replaced: 1 });
  mutations.push({ name: `${kind}.said twice`, at, events: [event, again], replaced: 1 });
  const next = events[at + 1];
  if (next === undefined) return mutations;
  const [first, second] = [inPlaceOf(next, event), inPlaceOf(event, next)];
  mutations.push({ name: `${kind}.order`, at, events: [first, second], replaced: 2 });
  return mutations;
}

/** The event, as if it stood where another one stands. */
function inPlaceOf(event: ChainEvent, { block, logIndex }: ChainEvent): ChainEvent {
  return { ...event, block, logIndex };
}

/** Movements count as different kinds when one is a settlement's and another is not. */
function kindOf(event: ChainEvent): string {
  const kind = `${event.contract}.${event.name}${event.args["level"] === CITY ? " of a city" : ""}`;
  const reasons = reasonsOf(event);
  const isSettling = reasons.some((reason) => SETTLING.includes(reason));
  return reasons.length === 0 || isSettling ? kind : `${kind} of ${reasons.join()}`;
}

function reasonsOf({ contract, args }: ChainEvent): bigint[] {
  const movements = contract === "TradeEscrow" ? (args["movements"] as string[] | undefined) : undefined;
  return [...new Set(unpackMovements(movements ?? []).map(({ reason }) => reason))].sort((a, b) => Number(a - b));
}

/** Some events of each kind: the first and the last; of escrow movements those of each reason. */
function sampled(events: readonly ChainEvent[]): number[] {
  const places = new Map<string, { first: number; last: number }>();
  events.forEach((event, place) => {
    const kind = `${event.contract}.${event.name}/${reasonsOf(event).join()}`;
    places.set(kind, { first: places.get(kind)?.first ?? place, last: place });
  });
  const isSampledOnce = (kind: string): boolean =>
    Object.keys(HARMLESS).some((rule) => rule.endsWith(".*") && isHarmless(kind.replace(/\/.*/, ".*"), rule));
  const chosen = [...places].flatMap(([kind, { first, last }]) => (isSampledOnce(kind) ? [first] : [first, last]));
  return [...new Set(chosen)].sort((a, b) => a - b);
}

function isHarmless(name: string, rule: string): boolean {
  const pattern = rule.split("*").map((part) => part.replace(/[.[\]]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(name);
}

/** The provider with its answers remembered: the chain stands still. */
function remembering(provider: Provider): Provider {
  const answers = new Map<string, Promise<string>>();
  const call: Provider["call"] = (request) => {
    const key = JSON.stringify([request.to, request.data, request.blockTag], (_, value: unknown) =>
      typeof value === "bigint" ? value.toString() : value,
    );
    const answer = answers.get(key) ?? provider.call(request);
    answers.set(key, answer);
    return answer;
  };
  return new Proxy(provider, {
    get: (target, property) => {
      if (property === "call") return call;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

describe("Audit of a run with faults", function () {
  this.timeout(600_000);
  let run: AuditedRun;
  const found = new Map<Stage, AuditState>();
  /** Recorded when half of the slots are final. */
  let recorded: { readonly chain: TransactionChain; readonly events: ChainEvent[]; readonly toBlock: number };

  before(async () => {
    run = await AuditedRun.open();
    for (const stage of STAGES) {
      await run.reach(stage);
      found.set(stage, await auditChain(run.network.transaction));
      if (stage !== "half final") continue;
      const { deployment, transaction } = run.network;
      const chain = await connectTransactionChain(deployment, remembering(transaction.provider));
      recorded = { chain, ...(await run.events()) };
    }
  });
  after(() => run.close());

  function stateAt(stage: Stage): AuditState {
    const state = found.get(stage);
    if (state === undefined) throw new Error(`no audit when the run is ${stage}`);
    return state;
  }

  /** A trade of closed books, not of a bilateral contract. */
  function tradeOfBook({ closed }: AuditState): { readonly key: string; readonly trade: Trade } {
    for (const [key, { trades }] of closed) {
      const trade = trades.find(({ level }) => level !== TradeLevel.Bilateral);
      if (trade !== undefined) return { key, trade };
    }
    throw new Error("the run has no trade of a book");
  }

  describe("without a fault", () => {
    for (const stage of STAGES) {
      it(`holds when the run is ${stage}`, () => {
        expect(found.get(stage)?.findings).to.deep.equal([]);
        expect(found.get(stage)?.checks).to.be.greaterThan(500);
      });
    }

    for (const side of ["buy", "sell"] as const) {
      it(`finds a trade beyond the limit (A14) of the order that ${side}s`, () => {
        const state = structuredClone(stateAt("final"));
        const { key, trade } = tradeOfBook(state);
        const [, slot = ""] = key.split("/");
        const [feeder, index] =
          side === "buy" ? [trade.buyFeeder, trade.buyIndex] : [trade.sellFeeder, trade.sellIndex];
        const { entries } = state.books.get(`${feeder}/${slot}`) ?? { entries: [] };
        const entry = entries[Number(index)];
        if (entry === undefined) throw new Error("the trade has no order");
        entries[Number(index)] = { ...entry, limit: side === "buy" ? trade.price - 1n : trade.price + 1n };
        checkBooks(state);
        const own = state.findings.filter(({ check, what }) => check === "A14" && what.startsWith("price"));
        expect(own.map(({ where }) => where)).to.include(`slot ${key}, feeder ${feeder}, order ${index}`);
      });
    }

    it("the run has what the audit is about", () => {
      const kinds = recorded.events.map(({ contract, name }) => `${contract}.${name}`);
      expect(kinds).to.include.members([
        "Arrears.DebtRecorded",
        "Arrears.DebtPaid",
        "Arrears.DebtNetted",
        "BilateralContracts.BilateralAccepted",
        "Disputes.DisputeResolved",
        "MeterLedger.MeterBarred",
        "MeterLedger.BarLifted",
        "ReadingQuorum.AttestationContradicted",
        "ReadingQuorum.QuorumReached",
        "Settlement.SlotFinalized",
      ]);
      const outcomes = [...(found.get("half final")?.settled.values() ?? [])].flatMap((group) => group.outcomes);
      expect(outcomes.some(({ undeliveredWh, bondPaid }) => undeliveredWh > 0n && bondPaid > 0n)).to.equal(true);
      expect(outcomes.some(({ uncovered }) => uncovered > 0n)).to.equal(true);
    });
  });

  describe("with one event changed", () => {
    const noticed = new Map<string, Set<string>>();
    const unnoticed = new Set<string>();
    let mutations = 0;

    before(async () => {
      const { chain, events } = recorded;
      const before = emptyState(auditedContracts(chain));
      let done = 0;
      for (const place of sampled(events)) {
        for (const event of events.slice(done, place)) applyEvent(before, event);
        done = place;
        for (const mutation of mutationsOf(events, place)) {
          mutations++;
          note(mutation, await findingsOf(mutation, before));
        }
      }
    });

    /** The books first; the chain is asked when they show nothing. */
    async function findingsOf(mutation: Mutation, before: AuditState): Promise<readonly Finding[]> {
      const { chain, events, toBlock } = recorded;
      const state = structuredClone(before);
      for (const event of [...mutation.events, ...events.slice(mutation.at + mutation.replaced)]) {
        applyEvent(state, event);
        if (state.findings.length > 0) return state.findings;
      }
      checkBooks(state);
      if (state.findings.length === 0) await compareWithChain(state, chain, toBlock);
      return state.findings;
    }

    function note({ name }: Mutation, findings: readonly Finding[]): void {
      if (findings.length === 0) unnoticed.add(name);
      for (const { check } of findings) noticed.set(name, (noticed.get(name) ?? new Set()).add(check));
    }

    it("notices every change that matters", () => {
      const rules = Object.keys(HARMLESS);
      const missed = [...unnoticed].filter((name) => !rules.some((rule) => isHarmless(name, rule)));
      expect(missed).to.deep.equal([]);
    });

    it("the list of what does not matter is true", () => {
      for (const rule of Object.keys(HARMLESS)) {
        expect(
          [...unnoticed].some((name) => isHarmless(name, rule)),
          rule,
        ).to.equal(true);
      }
    });

    it("names a check that is documented", () => {
      const named = new Set([...noticed.values()].flatMap((checks) => [...checks]));
      expect(named.size).to.be.greaterThan(10);
      for (const check of named) expect(AUDIT_CHECKS).to.have.property(check);
    });

    it("tries every event and field that carries money or energy", () => {
      const names = new Set([...noticed.keys(), ...unnoticed]);
      for (const name of Object.keys(PACKED)) {
        expect(
          [...names].some((known) => known.startsWith(name)),
          name,
        ).to.equal(true);
      }
      for (const kind of new Set(recorded.events.map(kindOf))) {
        expect(names, kind).to.include(`${kind}.loss`);
      }
      expect(mutations).to.be.greaterThan(900);
    });
  });
});
