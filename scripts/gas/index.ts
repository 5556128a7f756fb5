/** `npm run gas:check` compares gas-snapshot.json with the scenarios of test/gas; `npm run gas:update` writes it. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { Command } from "commander";

import type { GasScenarios } from "./scenario.js";
import { differences, measureAll, type GasFigures } from "./snapshot.js";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const snapshotFile = join(root, "gas-snapshot.json");
const scenarioFolder = join(root, "test", "gas");

async function loadScenarios(): Promise<GasScenarios> {
  const all: Record<string, GasScenarios[string]> = {};
  const files = (await readdir(scenarioFolder)).filter((name) => name.endsWith(".gas.ts")).sort();
  for (const file of files) {
    const module = (await import(pathToFileURL(join(scenarioFolder, file)).href)) as { scenarios: GasScenarios };
    for (const [name, scenario] of Object.entries(module.scenarios)) {
      if (name in all) throw new Error(`Two gas scenarios have the name "${name}"; rename the one in ${file}.`);
      all[name] = scenario;
    }
  }
  return all;
}

async function main(options: { update?: true }): Promise<void> {
  const measured = await measureAll(await loadScenarios());
  const count = Object.keys(measured).length;
  if (options.update) {
    await writeFile(snapshotFile, `${JSON.stringify(measured, null, 2)}\n`);
    console.log(`gas-snapshot.json: ${count} scenarios written`);
    return;
  }
  const committed = JSON.parse(await readFile(snapshotFile, "utf8")) as GasFigures;
  const changed = differences(committed, measured);
  if (changed.length === 0) {
    console.log(`gas-snapshot.json: ${count} scenarios, none changed`);
    return;
  }
  console.error(changed.join("\n"));
  console.error(`${changed.length} of ${count} changed. If that is intended: npm run gas:update, and commit the file.`);
  process.exitCode = 1;
}

await new Command("gas")
  .description("Measure the gas of fixed scenarios.")
  .option("--update", "write gas-snapshot.json instead of comparing with it")
  .action(main)
  .parseAsync();
