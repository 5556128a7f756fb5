/** `npm run bench`: gas and speed against their goals, with breakdown and floor. `npm run bench -- engine gas` runs parts. */
import { Argument, Command, InvalidArgumentError } from "commander";

import "../fast-keccak.js";
import { benchAccountants } from "./accountants.js";
import { benchAnchors } from "./anchors.js";
import { benchAudit } from "./audit.js";
import { benchBackup } from "./backup.js";
import { benchClearing } from "./clearing.js";
import { benchDay } from "./day.js";
import { benchEngine } from "./engine.js";
import { benchGas } from "./gas.js";
import { benchLight } from "./light.js";
import { benchLightMemory } from "./light-memory.js";
import { benchLinkage } from "./linkage.js";
import { benchOracle } from "./oracle.js";
import { benchVault } from "./vault.js";
import { benchWelfare } from "./welfare.js";
import { conditions, type BenchOptions, type BenchPart, type Figures } from "./report.js";

const PARTS = {
  engine: benchEngine,
  welfare: benchWelfare,
  clearing: benchClearing,
  accountants: benchAccountants,
  anchors: benchAnchors,
  gas: benchGas,
  oracle: benchOracle,
  audit: benchAudit,
  vault: benchVault,
  backup: benchBackup,
  light: benchLight,
  "light-memory": benchLightMemory,
  day: benchDay,
  linkage: benchLinkage,
} satisfies Record<string, BenchPart>;
type Part = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as Part[];
/** A month of 100 homes takes an hour: it runs when it is named. */
const DEFAULT_NAMES = NAMES.filter((name) => name !== "linkage");

interface BenchCommand extends Omit<BenchOptions, "print"> {
  readonly json: boolean;
}

async function main(parts: readonly Part[], options: BenchCommand): Promise<void> {
  const where = conditions();
  console.log(
    `${where.date}, ${where.cpu}, ${where.cores} cores, load ${where.load}, Node ${where.node}, seed ${options.seed}`,
  );
  let figures: Figures = {};
  for (const part of parts.length === 0 ? DEFAULT_NAMES : parts) {
    figures = { ...figures, ...(await PARTS[part]({ ...options, print: (text) => console.log(text) })) };
  }
  if (options.json) console.log(JSON.stringify({ ...where, seed: options.seed, ...figures }));
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

await new Command("bench")
  .description("Measures gas and speed against their goals, with breakdown and floor.")
  .addArgument(new Argument("[parts...]", `which parts: ${NAMES.join(", ")} (default: all but linkage)`).choices(NAMES))
  .option("--homes <n>", "homes of the gas and linkage parts", whole(2, 500), 100)
  .option("--days <n>", "days of the linkage part", whole(1, 30), 30)
  .option("--audit-days <n>", "days of the audit part", whole(1, 130), 7)
  .option("--seed <n>", "seed of everything drawn", whole(0, 2 ** 32 - 1), 1)
  .option("--json", "the last line is one JSON object", false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(main)
  .parseAsync();
