import { expect } from "chai";
import fc from "fast-check";

import { parseFixedZone, parseZone, zonedTime, type Hint } from "../../scripts/oracle/sources/zone.js";
import { refusalOf } from "../utils/meter-messages.js";

const PLACE = { file: "oracle.json" };

describe("Local times of devices", () => {
  const moment = (text: string, zone: string, hint: Hint = {}): string =>
    new Date(zonedTime(text, parseZone(zone, PLACE), hint, PLACE) * 1000).toISOString().slice(0, 16);

  it("are moments by the zone that is named, summer and winter, to the minute of the change", () => {
    expect(moment("2026-01-15T12:00:00", "Europe/Berlin")).to.equal("2026-01-15T11:00");
    expect(moment("2026-07-15T12:00:00", "Europe/Berlin")).to.equal("2026-07-15T10:00");
    expect(moment("2026-03-29T01:59:00", "Europe/Berlin")).to.equal("2026-03-29T00:59");
    expect(moment("2026-03-29T03:00:00", "Europe/Berlin")).to.equal("2026-03-29T01:00");
    expect(moment("2026-10-25T01:59:00", "Europe/Berlin")).to.equal("2026-10-24T23:59");
    expect(moment("2026-10-25T03:00:00", "Europe/Berlin")).to.equal("2026-10-25T02:00");
    expect(moment("2026-01-15T12:00:00", "Australia/Lord_Howe")).to.equal("2026-01-15T01:00"); // +11:00 in summer
    expect(moment("2026-07-15T12:00:00", "America/Argentina/Buenos_Aires")).to.equal("2026-07-15T15:00");
    expect(moment("2026-07-15T12:00:00", "-03:30")).to.equal("2026-07-15T15:30");
    expect(moment("2026-07-15T12:00:00", "UTC")).to.equal("2026-07-15T12:00");
  });

  it("are told by their flag all year, in either half of the world", () => {
    for (const [zone, january, july] of [
      ["Europe/Amsterdam", false, true],
      ["Australia/Sydney", true, false],
      ["Asia/Tokyo", false, false],
    ] as const) {
      for (const [text, summer] of [
        ["2026-01-15T12:00:00", january],
        ["2026-07-15T12:00:00", july],
      ] as const) {
        expect(moment(text, zone, { summer })).to.equal(moment(text, zone));
        expect(refusalOf(() => moment(text, zone, { summer: !summer }))).to.match(/is not at (summer|standard) time/);
      }
    }
    expect(moment("2026-10-25T02:00:00", "Europe/Amsterdam", { summer: true })).to.equal("2026-10-25T00:00");
    expect(moment("2026-10-25T02:00:00", "Europe/Amsterdam", { summer: false })).to.equal("2026-10-25T01:00");
    expect(moment("2026-04-05T02:30:00", "Australia/Sydney", { summer: true })).to.equal("2026-04-04T15:30");
    expect(moment("2026-04-05T02:30:00", "Australia/Sydney", { summer: false })).to.equal("2026-04-04T16:30");
  });

  it("are refused where the clock skips them, or shows them twice and nothing tells which", () => {
    expect(refusalOf(() => moment("2026-03-29T02:00:00", "Europe/Berlin"))).to.match(/does not exist/);
    expect(refusalOf(() => moment("2026-03-29T02:59:59", "Europe/Berlin"))).to.match(/does not exist/);
    expect(refusalOf(() => moment("2026-10-25T02:00:00", "Europe/Berlin"))).to.match(/comes twice/);
    expect(refusalOf(() => moment("2026-10-25T02:59:59", "Europe/Berlin"))).to.match(/comes twice/);
  });

  it("become the moment that they were made of, any second of a year", () => {
    const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "+10:00", "Africa/Casablanca"];
    const seconds = fc.integer({ min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2027, 0, 1) / 1000 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), seconds, (name, time) => {
        const zone = parseZone(name, PLACE);
        const local = new Date((time + zone.offsetAt(time)) * 1000).toISOString().slice(0, 19);
        expect(zonedTime(local, zone, { receivedAt: time + 10 }, PLACE)).to.equal(time);
      }),
    );
  });

  it("need a zone that is one", () => {
    for (const name of [
      undefined,
      "",
      "CET",
      "EST",
      "GMT+1",
      "Europe/Nowhere",
      "+15:00",
      "+01:10",
      "../x/y",
      "local",
    ]) {
      expect(refusalOf(() => parseZone(name, PLACE))).to.match(/^oracle\.json: .*time zone/);
    }
    expect(parseFixedZone("+05:45", PLACE).fixedSeconds).to.equal(20_700);
    expect(refusalOf(() => parseFixedZone("Europe/Berlin", PLACE))).to.match(/may change in the year/);
  });
});
