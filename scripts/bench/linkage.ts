/** How well an attacker joins the accounts of 100 homes after 30 days: chance, with our measures, and without each. */
import { measureLinkage, ownHomes, TOGETHER, type StrategyResult } from "../linkage/index.js";
import { simulateCommand, type SimulateOptions } from "../simulate/options.js";
import { Simulation } from "../simulate/run.js";
import { LINKABLE, UNLINKABLE, type Unlinkability } from "../../sdk/vault/unlinkability.js";
import { tableText, whole, type BenchOptions, type Figures } from "./report.js";

/** A month of homes that use and make power; the file has it whole. */
const FROM = "2016-09-01";
const TRIES = 5;
/** Of readings lost: without silent meters no time tells homes apart, for all report together. */
const SILENCE = 0.01;

interface Variant {
  readonly name: string;
  readonly key: string;
  readonly unlinkability: Unlinkability;
  readonly tries: number;
}

const VARIANTS: readonly Variant[] = [
  { name: "neither shuffled nor delayed", key: "linkedWithout", unlinkability: LINKABLE, tries: 1 },
  { name: "shuffled and delayed", key: "linked", unlinkability: UNLINKABLE, tries: TRIES },
  {
    name: "delayed, not shuffled",
    key: "linkedUnshuffled",
    unlinkability: { ...UNLINKABLE, admissionBatch: LINKABLE.admissionBatch },
    tries: 1,
  },
  {
    name: "shuffled, not delayed",
    key: "linkedUndelayed",
    unlinkability: { ...LINKABLE, admissionBatch: UNLINKABLE.admissionBatch },
    tries: 1,
  },
];

export async function benchLinkage({ seed, homes, days, print }: BenchOptions): Promise<Figures> {
  const defaults = simulateCommand().parse([], { from: "user" }).opts<SimulateOptions>();
  const simulation = new Simulation({ ...defaults, from: FROM, days, homes, seed, silence: SILENCE, vaults: false });
  const start = performance.now();
  const seconds = (): string => whole((performance.now() - start) / 1000);
  const quiet = (): void => undefined;
  try {
    await simulation.load();
    await simulation.open();
    await simulation.admit(quiet);
    await simulation.trade(quiet);
    print(`The market of ${homes} homes over ${days} days took ${seconds()} s.`);
    const figures: Record<string, number> = {
      linkageHomes: homes,
      linkageDays: days,
      linkageChance: 1 / (homes - ownHomes(homes)),
    };
    for (const { name, key, unlinkability, tries } of VARIANTS) {
      const seeds = Array.from({ length: tries }, (_, index) => seed + index);
      const results = await measureLinkage(simulation.market, { seeds, unlinkability }, (own, { of, hits }) => {
        print(
          `${name}, seed ${own}: ${hits[TOGETHER] ?? 0} of ${of} joined by all strategies together (${seconds()} s)`,
        );
      });
      print(resultTable(`${name}, ${tries} ${tries === 1 ? "try" : "tries"} (${seconds()} s)`, results));
      figures[key] = Math.max(...results.map(({ share }) => share.share));
    }
    return figures;
  } finally {
    await simulation.close();
  }
}

function resultTable(title: string, results: readonly StrategyResult[]): string {
  return tableText(
    `Homes joined right: ${title}`,
    ["strategy", "joined", "of", "share", "95 % from", "to"],
    results.map(({ strategy, hits, of, share }) => [
      strategy,
      whole(hits),
      whole(of),
      ...[share.share, share.low, share.high].map((part) => `${(100 * part).toFixed(1)} %`),
    ]),
  );
}
