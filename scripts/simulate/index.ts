/** `npm start`: a neighbourhood's days, from signed readings to money. Exit codes: 0, 1 the audit differs, 2 bad input. */
import { Listr } from "listr2";

import "../fast-keccak.js";
import { CommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/index.js";
import { ONE_MAKER } from "../networks/simulated-defaults.js";
import { simulateCommand, type SimulateOptions } from "./options.js";
import { jsonLine, prepareFolder, writeResults } from "./output.js";
import type { Plan } from "./plan.js";
import type { SimulationResult } from "./result.js";
import { Simulation } from "./run.js";
import { prepareServing, serve } from "./serve.js";
import { accountantsTable, billsTable, totalsText } from "./table.js";

async function main(options: SimulateOptions): Promise<number> {
  await prepareFolder(options.out);
  if (options.serve) await prepareServing(options);
  const simulation = new Simulation(options);
  try {
    const { plan, result } = await runSteps(simulation, options);
    const files = await writeResults(options.out, plan, result);
    if (options.blockTime !== undefined)
      console.log(`Blocks came every ${options.blockTime} s or sooner. ${ONE_MAKER}.`);
    console.log(billsTable(result.homes));
    console.log(accountantsTable(result.accounting));
    console.log(totalsText(result));
    console.log(`Written: ${files.join(", ")}`);
    const first = result.firstDifference;
    if (first !== undefined) console.error(`Audit, first difference: ${first.check}, ${first.where}: ${first.what}`);
    if (options.json) console.log(jsonLine(result));
    if (options.serve && simulation.embedded !== undefined) await serve(simulation.embedded, options.port);
    return result.auditDifferences + (result.vaults?.differences.length ?? 0) === 0 ? 0 : 1;
  } finally {
    await simulation.close();
  }
}

async function runSteps(
  simulation: Simulation,
  { network, seed }: SimulateOptions,
): Promise<{ readonly plan: Plan; readonly result: SimulationResult }> {
  let outcome: { readonly plan: Plan; readonly result: SimulationResult } | undefined;
  let fault: unknown;
  const step = (title: string, work: (progress: (done: number, total: number) => void) => Promise<void>) => ({
    title,
    task: async (_: unknown, task: { title: string }): Promise<void> => {
      try {
        await work((done, total) => {
          if (process.stdout.isTTY) task.title = `${title} ${bar(done, total)}`;
        });
      } catch (error) {
        fault = error;
        throw new Error("", { cause: error }); // the list marks the step; the fault is told once, by the caller
      }
    },
  });
  const steps = new Listr(
    [
      step(`Read the input (seed ${seed})`, () => simulation.load()),
      step(`Open the ${network} network: two chains`, () => simulation.open()),
      step("Admit the neighbourhood", (progress) => simulation.admit(progress)),
      step("Trade, meter, settle", (progress) => simulation.trade(progress)),
      step("Audit from events alone, and open the vaults", async (progress) => {
        outcome = await simulation.audit(progress);
      }),
    ],
    { concurrent: false, exitOnError: true, rendererOptions: { collapseErrors: false, showErrorMessage: false } },
  );
  try {
    await steps.run();
  } catch (error) {
    throw fault ?? error;
  }
  if (outcome === undefined) throw new Error("the run has no outcome");
  return outcome;
}

const BAR_WIDTH = 28;

function bar(done: number, total: number): string {
  const full = total === 0 ? 0 : Math.round((BAR_WIDTH * done) / total);
  return `[${"#".repeat(full)}${".".repeat(BAR_WIDTH - full)}] ${done}/${total}`;
}

try {
  process.exitCode = await main(simulateCommand().parse().opts<SimulateOptions>());
} catch (error) {
  if (!(error instanceof InputError || error instanceof CommonwattError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
