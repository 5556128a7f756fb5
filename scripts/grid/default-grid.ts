/** The seeded default: a tree for any number of homes, within the bounds of a city, its connections sized from data. */
import { MAX_TREE_METERS } from "../../sdk/bounds.js";
import type { Random } from "../inputs/random.js";

import {
  GRID_VERSION,
  MAX_FEEDERS_PER_CITY,
  type Grid,
  type GridCity,
  type GridDistrict,
  type GridHome,
} from "./schema.js";

/** What the generator needs to know of a home. */
export interface HomeSize {
  readonly id: string;
  /** The largest import or export of a slot, in Wh. */
  readonly peakWh: number;
}

/** All of them can trade in a slot. */
const HOMES_PER_CITY = MAX_TREE_METERS;
/** Feeders share a tree's meters alike: so up to five of them can order for all their homes. */
const HOMES_PER_FEEDER = 25;
const USUAL_FEEDERS = 3;
const FEEDERS_PER_DISTRICT = 4;
/** Room above the largest value seen, in percent. */
const CONNECTION_ROOM = 25;
/** Fees of the two edges, in thousands of micro-credits per kWh (0.001 credits). */
const FEEDER_FEE = { low: 3, high: 6 } as const;
const DISTRICT_FEE = { low: 6, high: 10 } as const;
/** Capacity of the one limited edge of a city, as the share of the connections behind it, in percent. */
const CAPACITY_SHARE = 20;

/** Makes the grid: one city for up to 125 homes, with at least two districts and three feeders where homes suffice. */
export function defaultGrid(homes: readonly HomeSize[], slotSeconds: number, random: Random): Grid {
  const order = random
    .fork("places")
    .shuffled(homes.map((home) => ({ home: home.id, connectionWh: connectionOf(home, slotSeconds) })));
  const numbers = new Map(homes.map((home, index) => [home.id, index]));
  const groups = split(order, Math.max(1, Math.ceil(order.length / HOMES_PER_CITY)));
  const cities = groups.map((group, index) => cityOf(group, index + 1, numbers, random.fork(`city ${index + 1}`)));
  return { version: GRID_VERSION, cities };
}

/** The size of a connection, in Wh per slot: the peak and a quarter, up to the next whole kW. */
export function connectionOf({ peakWh }: { readonly peakWh: number }, slotSeconds: number): number {
  const roomyWh = peakWh * (100 + CONNECTION_ROOM);
  const kilowatts = Math.max(1, Math.ceil((roomyWh * 3600) / (100 * 1000 * slotSeconds)));
  return Math.ceil((kilowatts * 1000 * slotSeconds) / 3600);
}

function cityOf(
  homes: readonly GridHome[],
  number: number,
  places: ReadonlyMap<string, number>,
  random: Random,
): GridCity {
  const city = number === 1 ? "Fontana" : `Fontana ${number}`;
  const parties = {
    supplier: `${city} Power & Light`,
    gridOperator: `${city} Grid`,
    meteringOperator: `${city} Metering`,
  };
  const inFileOrder = (group: GridHome[]): GridHome[] =>
    group.sort((one, two) => (places.get(one.home) ?? 0) - (places.get(two.home) ?? 0));
  const feeders = split(homes, feederCount(homes.length)).map((group, index) => ({
    name: `${city} feeder ${index + 1}`,
    ...parties,
    feeMicroPerKwh: random.between(FEEDER_FEE.low, FEEDER_FEE.high) * 1000,
    capacityWh: null,
    homes: inFileOrder(group),
  }));
  const districts = split(feeders, districtCount(feeders.length)).map((group, index) => ({
    name: `${city} district ${index + 1}`,
    feeMicroPerKwh: random.between(DISTRICT_FEE.low, DISTRICT_FEE.high) * 1000,
    capacityWh: null,
    feeders: group,
  }));
  return { name: city, districts: limitLast(districts) };
}

/** One edge of a city is limited, so that capacity is met in every run: that of its last district, if it has several. */
function limitLast(districts: GridDistrict[]): GridDistrict[] {
  if (districts.length < 2) return districts;
  return districts.map((district, index) => {
    if (index !== districts.length - 1) return district;
    const behind = district.feeders.flatMap((feeder) => feeder.homes).reduce((sum, home) => sum + home.connectionWh, 0);
    return { ...district, capacityWh: Math.ceil((behind * CAPACITY_SHARE) / 100) };
  });
}

function feederCount(homes: number): number {
  return Math.min(MAX_FEEDERS_PER_CITY, Math.max(Math.min(USUAL_FEEDERS, homes), Math.ceil(homes / HOMES_PER_FEEDER)));
}

function districtCount(feeders: number): number {
  return feeders < 2 ? 1 : Math.max(2, Math.ceil(feeders / FEEDERS_PER_DISTRICT));
}

/** `count` groups of neighbouring items, their sizes at most one apart, the larger ones first. */
function split<Item>(items: readonly Item[], count: number): Item[][] {
  const [size, larger] = [Math.floor(items.length / count), items.length % count];
  return Array.from({ length: count }, (_, index) => {
    const from = index * size + Math.min(index, larger);
    return items.slice(from, from + size + (index < larger ? 1 : 0));
  });
}
