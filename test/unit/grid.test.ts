import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import {
  checkHomes,
  connectionOf,
  defaultGrid,
  feedersOf,
  gridSchema,
  parseGrid,
  readGrid,
  writeGrid,
  type Grid,
  type HomeSize,
} from "../../scripts/grid/index.js";
import { MAX_TREE_METERS } from "../../sdk/bounds.js";
import { InputError, Random } from "../../scripts/inputs/index.js";

const SLOT = 3600;

function homes(count: number): HomeSize[] {
  return Array.from({ length: count }, (_, index) => ({ id: `${index + 1}`, peakWh: 1000 + index }));
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return "nothing thrown";
}

describe("Default grid", () => {
  it("puts 17 homes on three feeders of two districts of one city", () => {
    const grid = defaultGrid(homes(17), SLOT, new Random(1));
    expect(
      grid.cities.map((city) =>
        city.districts.map((district) => district.feeders.map((feeder) => feeder.homes.length)),
      ),
    ).to.deep.equal([[[6, 6], [5]]]);
  });

  it("makes eight cities of 1,000 homes", () => {
    const grid = defaultGrid(homes(1000), SLOT, new Random(1));
    expect(grid.cities).to.have.length(8);
    for (const city of grid.cities) expect(city.districts.flatMap((district) => district.feeders)).to.have.length(5);
    expect(new Set(feedersOf(grid).map(({ feeder }) => feeder.homes.length))).to.deep.equal(new Set([25]));
  });

  it("keeps every bound and places every home once, for any number of homes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1700 }), fc.integer(), (count, seed) => {
        const all = homes(count);
        const grid = defaultGrid(all, SLOT, new Random(seed));
        expect(gridSchema.safeParse(grid).success).to.equal(true);
        checkHomes(grid, all, "default");
        for (const { feeder, city } of feedersOf(grid)) {
          const inCity = feedersOf({ cities: [city] });
          // a feeder's share is MAX_TREE_METERS / feeders of the city: every home can order
          expect(feeder.homes.length).to.be.within(1, Math.floor(MAX_TREE_METERS / inCity.length));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is the same for a seed and another for another", () => {
    const make = (seed: number): Grid => defaultGrid(homes(17), SLOT, new Random(seed));
    expect(make(1)).to.deep.equal(make(1));
    expect(make(1)).to.not.deep.equal(make(2));
  });

  it("sizes a connection by the home's peak and a quarter, in whole kW", () => {
    expect(connectionOf({ peakWh: 8846 }, 3600)).to.equal(12_000);
    expect(connectionOf({ peakWh: 8000 }, 3600)).to.equal(10_000);
    expect(connectionOf({ peakWh: 0 }, 3600)).to.equal(1000);
    expect(connectionOf({ peakWh: 500 }, 900)).to.equal(750);
    // a kW isn't a whole number of Wh in every slot: rounded up
    expect(connectionOf({ peakWh: 1 }, 40)).to.equal(12);
  });

  it("limits one edge, so that a run meets capacity", () => {
    const grid = defaultGrid(homes(17), SLOT, new Random(1));
    const limits = grid.cities[0]?.districts.map((district) => district.capacityWh);
    expect(limits?.[0]).to.equal(null);
    expect(limits?.[1]).to.be.above(0);
  });
});

describe("Grid file", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-grid-"));
  });
  after(() => rm(folder, { recursive: true }));

  const good = (): Grid => defaultGrid(homes(4), SLOT, new Random(1));
  const feeder = (grid: Grid) => {
    const found = grid.cities[0]?.districts[0]?.feeders[0];
    if (found === undefined) throw new Error("the grid has no feeder");
    return found;
  };

  it("is read as it was written, and nothing half-written stays", async () => {
    const path = join(folder, "out", "grid.json");
    await writeGrid(path, good());
    expect(await readGrid(path)).to.deep.equal(good());
    expect(await readdir(join(folder, "out"))).to.deep.equal(["grid.json"]);
    expect(await readFile(path, "utf8")).to.match(/\n$/);
  });

  it("names the file that isn't there or is no JSON", async () => {
    const path = join(folder, "broken.json");
    await writeFile(path, "{");
    for (const file of [path, join(folder, "none.json")]) {
      const fault: unknown = await readGrid(file).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(InputError);
      expect((fault as InputError).file).to.equal(file);
    }
  });

  const faults: [string, (grid: Grid) => void, RegExp][] = [
    ["a negative fee", (grid) => (feeder(grid).feeMicroPerKwh = -1), /'cities.0.districts.0.feeders.0.feeMicroPerKwh'/],
    ["a fractional capacity", (grid) => (feeder(grid).capacityWh = 0.5), /'cities.0.districts.0.feeders.0.capacityWh'/],
    [
      "a connection of nothing",
      (grid) => (homeOf(grid).connectionWh = 0),
      /'cities.0.districts.0.feeders.0.homes.0.connectionWh'/,
    ],
    ["a feeder without supplier", (grid) => (feeder(grid).supplier = ""), /feeders.0.supplier': needs a name/],
    ["a home twice", (grid) => feeder(grid).homes.push(homeOf(grid)), /homes\.\d+\.home': home '\d' is there twice/],
    ["a city without districts", (grid) => (grid.cities[0] = { name: "Empty", districts: [] }), /'cities.0.districts'/],
    ["another version", (grid) => Object.assign(grid, { version: 2 }), /'version'/],
    ["a misspelt field", (grid) => Object.assign(feeder(grid), { capacity: 5 }), /feeders.0': .*capacity/],
  ];
  for (const [name, break_, message] of faults) {
    it(`refuses ${name} with the path of the field`, () => {
      const grid = good();
      break_(grid);
      const text = messageOf(() => parseGrid(JSON.stringify(grid), "my.json"));
      expect(text)
        .to.match(message)
        .and.to.match(/^my\.json: /);
    });
  }

  it("refuses more feeders than a city tree has", () => {
    const grid = good();
    const feeders = Array.from({ length: 9 }, (_, index) => ({ ...feeder(grid), name: `f${index}`, homes: [] }));
    const districts = ["a", "b"].map((name) => ({
      name,
      feeMicroPerKwh: 1,
      capacityWh: null,
      feeders: feeders.map((one) => ({ ...one, name: `${name}${one.name}` })),
    }));
    grid.cities = [{ name: "Large", districts }];
    expect(messageOf(() => parseGrid(JSON.stringify(grid), "my.json"))).to.match(/'cities.0': has 18 feeders/);
  });

  it("refuses homes that are unknown, nowhere, or too large for their connection", () => {
    const all = homes(4);
    expect(messageOf(() => checkHomes(good(), all.slice(0, 3), "my.json"))).to.match(
      /homes\.\d\.home': home '4' is not among/,
    );
    expect(messageOf(() => checkHomes(good(), homes(5), "my.json"))).to.match(
      /home '5' of the run stands at no feeder/,
    );
    const large = all.map((home) => (home.id === "2" ? { ...home, peakWh: 90_000 } : home));
    expect(messageOf(() => checkHomes(good(), large, "my.json"))).to.match(
      /connectionWh': home '2' moves up to 90000 Wh/,
    );
  });

  function homeOf(grid: Grid): Grid["cities"][number]["districts"][number]["feeders"][number]["homes"][number] {
    const home = feeder(grid).homes[0];
    if (home === undefined) throw new Error("the feeder has no home");
    return home;
  }
});
