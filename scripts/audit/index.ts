/** `npm run audit`: rebuilds the books from events alone and compares. Exit codes: 0 all holds, 1 a difference, 2 input. */
import { Command, CommanderError } from "commander";

import { AUDIT_CHECKS, auditChain, type AuditState } from "../../sdk/audit/index.js";
import { connectTransactionChain, endpointOf, openEndpoint } from "../../sdk/connect.js";
import { decodeError } from "../../sdk/contracts.js";
import { CommonwattError } from "../../sdk/errors.js";
import { readDeployment } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/index.js";
import { deploymentFileOf } from "../networks/served.js";
import { addEvidenceCommands } from "./evidence/command.js";
import { EvidenceRefused } from "./evidence/refused.js";
import { addStatementCommands } from "./statements/command.js";

interface AuditCommandOptions {
  readonly network: string;
  readonly rpc?: string;
  readonly json: boolean;
}

async function main({ network, rpc, json }: AuditCommandOptions): Promise<number> {
  const deployment = await readDeployment(deploymentFileOf(network));
  const provider = await openEndpoint(endpointOf(deployment, "transaction", rpc), deployment, "transaction");
  try {
    const state = await auditChain(await connectTransactionChain(deployment, provider));
    if (json) console.log(JSON.stringify(summaryOf(state)));
    else report(state);
    return state.findings.length === 0 ? 0 : 1;
  } finally {
    provider.destroy();
  }
}

function report(state: AuditState): void {
  const failed = new Set(state.findings.map(({ check }) => check));
  for (const [check, meaning] of Object.entries(AUDIT_CHECKS)) {
    console.log(`${failed.has(check) ? "FAILS" : "holds"}  ${check.padEnd(4)}${meaning}`);
  }
  console.log(
    `${state.events} events up to block ${state.lastBlock}, ${state.checks} comparisons, ` +
      `${state.findings.length} differences`,
  );
  const [first] = state.findings;
  if (first !== undefined) console.error(`First difference: ${first.check}, ${first.where}: ${first.what}`);
}

function summaryOf(state: AuditState): Record<string, unknown> {
  const { events, lastBlock, checks, findings } = state;
  return { events, lastBlock, checks, differences: findings.length, first: findings[0] ?? null };
}

const command = new Command("audit")
  .description("Rebuilds every balance, lock and position of the transaction chain from its events, and compares.")
  .option("--network <name>", "local, besu, or a deployment file", "local")
  .option("--rpc <url>", "endpoint of the transaction chain (default: the deployment file's)")
  .option("--json", "print one JSON object", false)
  .allowExcessArguments(false)
  .enablePositionalOptions()
  .exitOverride()
  .action(async (options: AuditCommandOptions) => {
    process.exitCode = await main(options);
  });
addEvidenceCommands(command, console.log);
addStatementCommands(command, {
  print: console.log,
  fail: (problem) => {
    console.error(problem);
    process.exitCode = 1;
  },
});

try {
  await command.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Tells what was thrown, once; commander has told its own already. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isTold = error instanceof InputError || error instanceof CommonwattError || error instanceof EvidenceRefused;
  // an endpoint that fails midway is no difference in the books
  console.error((isTold ? error : decodeError(error)).message);
  return error instanceof EvidenceRefused ? 1 : 2;
}
