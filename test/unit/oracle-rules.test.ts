import { expect } from "chai";

import { FixedDirectory } from "../../scripts/oracle/fixed-market.js";
import { topicOf } from "../../scripts/oracle/payload.js";
import { standardRules, withinConnection } from "../../scripts/oracle/rules.js";
import type { MeterDirectory, MeterSite, RuleContext } from "../../scripts/oracle/types.js";
import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import {
  CONNECTION_WH,
  directoryOf,
  HandClock,
  LEDGER,
  OPERATOR,
  readingOf,
  rejectionOf,
  seriesOfReadings,
  SLOT,
  SLOT_SECONDS,
  TIMES,
  walletOf,
} from "../utils/oracle.js";

const HOUR = 3600;
const DELIVERY_END = Number((SLOT + 1n) * SLOT_SECONDS);
const READING_END = DELIVERY_END + 6 * HOUR;

describe("The oracle's rules", () => {
  type Context = Omit<RuleContext, "signed">;
  const contextOf = (changes: Partial<Context> = {}): Context => ({
    origin: topicOf(1n),
    clock: new HandClock(),
    times: TIMES,
    directory: directoryOf(2),
    ...changes,
  });

  async function refusal(
    message: SignedReading | readonly SignedReading[],
    context = contextOf(),
  ): Promise<string | undefined> {
    const signed = [message].flat();
    for (const rule of standardRules(LEDGER)) {
      for (const reading of signed) {
        const reason = await rule.check(reading, { ...context, signed });
        if (reason !== undefined) return `${rule.name}: ${reason}`;
      }
    }
    return undefined;
  }

  function at(time: number): Context {
    return contextOf({ clock: { now: () => time } });
  }

  it("let a good reading through, a zero too: it is not a gap", async () => {
    expect(await refusal(await readingOf())).to.equal(undefined);
    expect(await refusal(await readingOf({ importWh: 0n }))).to.equal(undefined);
  });

  it("own-topic: a meter doesn't speak for another", async () => {
    expect(await refusal(await readingOf(), contextOf({ origin: topicOf(2n) }))).to.match(/^own-topic: /);
  });

  it("not-future: not before delivery has ended, but for a clock that is seconds behind", async () => {
    expect(await refusal(await readingOf(), at(DELIVERY_END - 6))).to.match(/^not-future: /);
    expect(await refusal(await readingOf(), at(DELIVERY_END - 5))).to.equal(undefined);
    expect(await refusal(await readingOf(), at(DELIVERY_END))).to.equal(undefined);
  });

  it("not-too-late: actual ones until the middle of the dispute window", async () => {
    const until = READING_END + 12 * HOUR;
    expect(await refusal(await readingOf(), at(until - 1))).to.equal(undefined);
    expect(await refusal(await readingOf(), at(until))).to.match(/^not-too-late: /);
  });

  it("not-too-late: estimated and substituted ones until the reading window ends", async () => {
    for (const status of [ReadingStatus.Estimated, ReadingStatus.Substituted]) {
      expect(await refusal(await readingOf({ status }), at(READING_END - 1))).to.equal(undefined);
      expect(await refusal(await readingOf({ status }), at(READING_END))).to.match(/^not-too-late: /);
    }
  });

  it("not-too-late: corrected ones until the decision deadline", async () => {
    const corrected = await readingOf({ status: ReadingStatus.Corrected });
    const decision = READING_END + 48 * HOUR;
    expect(await refusal(corrected, at(decision - 1))).to.equal(undefined);
    expect(await refusal(corrected, at(decision))).to.match(/^not-too-late: /);
  });

  it("known-meter: no stranger, no inactive device", async () => {
    const stranger = await readingOf({ meter: 3n });
    expect(await refusal(stranger, contextOf({ origin: topicOf(3n) }))).to.match(/^known-meter: .*no feeder/);
    const suspended = directoryOf(1, new Map([[1n, { deviceKey: undefined }]]));
    expect(await refusal(await readingOf(), contextOf({ directory: suspended }))).to.match(
      /^known-meter: .*not an active/,
    );
    // its operator can still speak for it
    const estimate = await readingOf({ status: ReadingStatus.Estimated });
    expect(await refusal(estimate, contextOf({ directory: suspended }))).to.equal(undefined);
  });

  it("within-connection: neither import nor export above its size", async () => {
    expect(await refusal(await readingOf({ importWh: CONNECTION_WH }))).to.equal(undefined);
    expect(await refusal(await readingOf({ importWh: CONNECTION_WH + 1n }))).to.match(/^within-connection: /);
    expect(await refusal(await readingOf({ exportWh: CONNECTION_WH + 1n }))).to.match(/^within-connection: /);
    const spike = await readingOf({ importWh: CONNECTION_WH + 90n });
    expect(await withinConnection(1n).check(spike, { ...contextOf(), signed: [spike] })).to.equal(undefined);
  });

  it("right-signer: the device for actual values, the operator for others, nobody else", async () => {
    expect(await refusal(await readingOf({}, OPERATOR))).to.match(/^right-signer: /);
    expect(await refusal(await readingOf({}, walletOf("stranger")))).to.match(/^right-signer: /);
    const self = await readingOf({ status: ReadingStatus.Estimated }, walletOf("meter 1"));
    expect(await refusal(self)).to.match(/^right-signer: /);
  });

  it("right-signer: not over other values, nor for another ledger", async () => {
    const reading = await readingOf();
    expect(await refusal({ ...reading, importWh: reading.importWh + 1n })).to.match(/^right-signer: /);
    expect(await refusal({ ...reading, r: `0x${"ff".repeat(32)}` })).to.match(/^right-signer: /);
    const rules = standardRules({ ...LEDGER, chainId: 1 });
    expect(await rules.at(-1)?.check(reading, { ...contextOf(), signed: [reading] })).to.be.a("string");
  });

  it("right-signer: a series as a whole, whatever of it is changed", async () => {
    const series = await seriesOfReadings(3);
    expect(await refusal(series, at(DELIVERY_END + 2 * HOUR))).to.equal(undefined);
    const [first, second, last] = series as [SignedReading, SignedReading, SignedReading];
    const tampered = [
      [{ ...first, importWh: 501n }, second, last],
      [first, last],
      [second, last],
      [second, first, last],
      [last],
      [first, { ...second, sequence: 2n }, last],
    ];
    for (const changed of tampered) {
      expect(await refusal(changed, at(DELIVERY_END + 2 * HOUR))).to.match(/^right-signer: /);
    }
    const byOperator = await seriesOfReadings(3, OPERATOR);
    expect(await refusal(byOperator, at(DELIVERY_END + 2 * HOUR))).to.match(/^right-signer: /);
  });

  it("refuse a series for one of its readings", async () => {
    expect(await refusal(await seriesOfReadings(3), at(DELIVERY_END + HOUR))).to.match(/^not-future: /);
  });

  it("look a meter up anew before they refuse: keys rotate", async () => {
    const rotated = new RotatingDirectory();
    const reading = await readingOf({}, walletOf("new key"));
    expect(await refusal(reading, contextOf({ directory: rotated }))).to.equal(undefined);
    expect(rotated.asked).to.deep.equal([false, false, false, true]);
  });

  it("throw when the directory can't be asked, rather than refuse", async () => {
    const away: MeterDirectory = {
      siteOf: () => Promise.reject(new Error("away")),
      metersOf: () => Promise.reject(new Error("away")),
    };
    expect((await rejectionOf(refusal(await readingOf(), contextOf({ directory: away })))).message).to.equal("away");
  });
});

/** Remembers an old key until it is asked to look again. */
class RotatingDirectory extends FixedDirectory {
  readonly asked: boolean[] = [];

  constructor() {
    super(new Map());
  }

  override siteOf(
    _meter?: bigint,
    _slot?: bigint,
    options?: { readonly fresh: boolean },
  ): Promise<MeterSite | undefined> {
    const fresh = options?.fresh ?? false;
    this.asked.push(fresh);
    const deviceKey = walletOf(fresh ? "new key" : "old key").address;
    return Promise.resolve({ connectionWh: CONNECTION_WH, deviceKey, meteringOperator: OPERATOR.address });
  }
}
