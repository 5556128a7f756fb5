/** `npm run audit`, `audit state` and `audit verify`: the books from events, checked, and compared with the chain. */
import type { Command } from "commander";

import type { TransactionChain } from "../../sdk/connect.js";
import { CommonwattError } from "../../sdk/errors.js";
import { readDeployment } from "../../sdk/node/deployments.js";
import { subcommand, whole } from "../inputs/arguments.js";
import { deploymentFileOf } from "../networks/served.js";
import { AuditDatabase } from "./indexer/database.js";
import { indexChain } from "./indexer/index-chain.js";
import { noteConstants, openChain } from "./open.js";
import { report, summaryOf, type Told } from "./report.js";
import { stateJson, stateLines } from "./state-json.js";
import { booksAt, verifyBooks, type Verified } from "./verify.js";

export interface AuditCommandOptions {
  readonly network: string;
  readonly rpc?: string;
  readonly json: boolean;
}

interface BooksOptions {
  readonly db: string;
  readonly at?: bigint;
  readonly rpc?: string;
  readonly json: boolean;
}

const CONSOLE: Told = { print: console.log, complain: console.error };

/** Indexes the transaction chain into memory and verifies it at the head. The exit code. */
export async function auditNetwork({ network, rpc, json }: AuditCommandOptions): Promise<number> {
  const deployment = await readDeployment(deploymentFileOf(network));
  const { chain, endpoint, openPool, close } = await openChain(deployment, "transaction", { rpc });
  const database = AuditDatabase.open(":memory:");
  try {
    database.claim(deployment);
    await noteConstants(database, chain);
    await indexChain(database, endpoint, {
      ...{ chain: "transaction", deployment: deployment.chains.transaction },
      ...(openPool === undefined ? {} : { openPool }),
    });
    return tell(await verifyBooks(database, chain as TransactionChain, endpoint), json);
  } finally {
    database.close();
    close();
  }
}

export function addBooksCommands(program: Command): void {
  subcommand(program, "state", "Tells the books at a block, from the database alone.")
    .requiredOption("--db <file>", "a database that `index` wrote")
    .option("--at <block>", "the last block that counts (default: the last one indexed)", whole)
    .option("--json", "everything, as one JSON object", false)
    .action(async ({ db, at, json }: BooksOptions) => {
      const database = AuditDatabase.open(db, { mustExist: true });
      try {
        const { state } = await booksAt(database, numberOf(at));
        if (json) console.log(stateJson(state));
        else for (const line of stateLines(state)) console.log(line);
        process.exitCode = state.findings.length === 0 ? 0 : 1;
        if (process.exitCode === 1) console.error(`${state.findings.length} checks fail: npm run audit -- verify`);
      } finally {
        database.close();
      }
    });
  subcommand(program, "verify", "Makes all checks, and compares the books with the chain's own state at that block.")
    .requiredOption("--db <file>", "a database that `index` wrote")
    .option("--at <block>", "the last block that counts (default: the last one indexed)", whole)
    .option("--rpc <url>", "endpoint of the transaction chain (default: the deployment's)")
    .option("--json", "print one JSON object", false)
    .action(verify);
}

async function verify({ db, at, rpc, json }: BooksOptions): Promise<void> {
  const database = AuditDatabase.open(db, { mustExist: true });
  try {
    const { deployment } = database;
    if (deployment === undefined)
      await booksAt(database); // says what to do
    else {
      const { chain, endpoint, close } = await openChain(deployment, "transaction", { rpc });
      try {
        process.exitCode = tell(await verifyBooks(database, chain as TransactionChain, endpoint, numberOf(at)), json);
      } finally {
        close();
      }
    }
  } finally {
    database.close();
  }
}

/** Prints; 1 when anything differs. A head that cannot be compared is the endpoint's fault: StateForgotten. */
function tell({ state, block, isCompared, parting }: Verified, json: boolean): number {
  const why = `the endpoint has no state of block ${block}`;
  if (json) console.log(JSON.stringify({ ...summaryOf(state), block, compared: isCompared, parting: parting ?? null }));
  else report(state, CONSOLE, isCompared ? {} : { C1: why });
  if (parting !== undefined) console.error(`C1: ${parting}`);
  if (!isCompared && !json)
    console.error(new CommonwattError("StateForgotten", { blockNumber: BigInt(block) }).message);
  return state.findings.length === 0 ? 0 : 1;
}

function numberOf(at: bigint | undefined): number | undefined {
  return at === undefined ? undefined : Number(at);
}
