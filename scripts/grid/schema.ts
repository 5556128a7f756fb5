/**
 * The grid file: cities of districts of feeders of homes, with their parties, fees and capacities. Homes are named by
 * the ids of the readings file. Energy in Wh per slot of the readings, fees in micro-credits per kWh.
 */
import { z } from "zod";

import { MAX_PRICE, MAX_SLOT_WH } from "../../sdk/units.js";

export const GRID_VERSION = 1;
/** Bounds of a city tree, so that a slot of it settles in one transaction (docs/decisions.md). */
export const MAX_CHILDREN = 16;
export const MAX_FEEDERS_PER_CITY = 16;
/** Meters that GridTopology takes at one feeder. */
export const MAX_HOMES_PER_FEEDER = 512;

const name = z.string().min(1, "needs a name").max(64);
const fee = z.number().int().min(0).max(Number(MAX_PRICE));
const connection = z.number().int().min(1).max(Number(MAX_SLOT_WH));
/** `null`: no limit. */
const capacity = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).nullable();
const children = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(MAX_CHILDREN);

const homeSchema = z.strictObject({ home: z.string().min(1), connectionWh: connection });

/** A feeder with its parties; fee and capacity are of the edge above it. */
const feederSchema = z.strictObject({
  name,
  supplier: name,
  gridOperator: name,
  meteringOperator: name,
  feeMicroPerKwh: fee,
  capacityWh: capacity,
  homes: z.array(homeSchema).max(MAX_HOMES_PER_FEEDER),
});

/** A district; fee and capacity are of the edge above it. */
const districtSchema = z.strictObject({
  name,
  feeMicroPerKwh: fee,
  capacityWh: capacity,
  feeders: children(feederSchema),
});
const citySchema = z.strictObject({ name, districts: children(districtSchema) });

export const gridSchema = z
  .strictObject({ version: z.literal(GRID_VERSION), cities: z.array(citySchema).min(1) })
  .superRefine((grid, context) => {
    refuseLargeCities(grid, context);
    refuseTwice(grid, context);
  });

export type Grid = z.infer<typeof gridSchema>;
export type GridCity = Grid["cities"][number];
export type GridDistrict = GridCity["districts"][number];
export type GridFeeder = GridDistrict["feeders"][number];
export type GridHome = GridFeeder["homes"][number];

/** A feeder with where it stands, e.g. `cities.0.districts.1.feeders.0`. */
export interface PlacedFeeder {
  readonly path: readonly (string | number)[];
  readonly city: GridCity;
  readonly district: GridDistrict;
  readonly feeder: GridFeeder;
}

/** The minimum of a grid that the walk over its feeders needs. */
interface Tree {
  readonly cities: readonly GridCity[];
}

/** All feeders, in the order of the file. */
export function feedersOf(grid: Tree): PlacedFeeder[] {
  return grid.cities.flatMap((city, cityIndex) =>
    city.districts.flatMap((district, districtIndex) =>
      district.feeders.map((feeder, feederIndex) => ({
        path: ["cities", cityIndex, "districts", districtIndex, "feeders", feederIndex],
        city,
        district,
        feeder,
      })),
    ),
  );
}

function refuseLargeCities(grid: Tree, context: z.RefinementCtx): void {
  grid.cities.forEach((city, index) => {
    const feeders = city.districts.reduce((sum, district) => sum + district.feeders.length, 0);
    if (feeders <= MAX_FEEDERS_PER_CITY) return;
    const message = `has ${feeders} feeders; a city tree has at most ${MAX_FEEDERS_PER_CITY}: make it several cities`;
    context.addIssue({ code: "custom", path: ["cities", index], message });
  });
}

function refuseTwice(grid: Tree, context: z.RefinementCtx): void {
  const homes = new Set<string>();
  const areas = new Set<string>();
  const once = (seen: Set<string>, key: string, path: (string | number)[], message: string): void => {
    if (seen.has(key)) context.addIssue({ code: "custom", path, message });
    seen.add(key);
  };
  for (const { feeder, path } of feedersOf(grid)) {
    once(areas, feeder.name, [...path, "name"], `the feeder '${feeder.name}' is there twice`);
    feeder.homes.forEach(({ home }, index) => {
      once(homes, home, [...path, "homes", index, "home"], `home '${home}' is there twice`);
    });
  }
}
