/** `npm run audit -- index`: a network's events into a database. */
import { Option, type Command } from "commander";

import { readDeployment } from "../../../sdk/node/deployments.js";
import { positive, subcommand, whole } from "../../inputs/arguments.js";
import { InputError } from "../../inputs/error.js";
import { deploymentFileOf } from "../../networks/served.js";
import { fastestRecover } from "../../light-node/fastest-recover.js";
import { stopSignal } from "../../run.js";
import { noteConstants, openChain } from "../open.js";
import { AuditDatabase, type ChainName } from "./database.js";
import { indexChain } from "./index-chain.js";
import { readSealedStart } from "./seals.js";

const MOST_THREADS = 16;

interface IndexCommandOptions {
  readonly network: string;
  readonly db: string;
  readonly chain: ChainName | "both";
  readonly rpc?: string;
  readonly userRpc?: string;
  readonly seals?: string;
  readonly userSeals?: string;
  readonly follow: boolean;
  readonly perSecond?: number;
  readonly threads?: bigint;
  readonly json: boolean;
}

export function addIndexCommand(program: Command): void {
  subcommand(program, "index", "Reads and checks all events of a network into a database; again: only what is new.")
    .requiredOption("--db <file>", "the database; made when it is not there")
    .option("--network <name>", "local, besu, or a deployment file", "local")
    .addOption(new Option("--chain <name>", "whose events").choices(["transaction", "user", "both"]).default("both"))
    .option("--rpc <url>", "endpoint of the transaction chain (default: the deployment file's)")
    .option("--user-rpc <url>", "endpoint of the user chain (default: the deployment file's)")
    .option(
      "--seals <file>",
      "genesis file or checkpoint from which on each block of the transaction chain needs a quorum",
    )
    .option("--user-seals <file>", "the same of the user chain")
    .option("--follow", "go on with each new block until stopped", false)
    .option("--per-second <n>", "most questions a second to an endpoint", positive)
    .option(
      "--threads <n>",
      "threads that read: 0 for none but the one that writes (default: 2 where there is much)",
      whole,
    )
    .option("--json", "print one JSON object a chain", false)
    .action(index);
}

async function index(options: IndexCommandOptions): Promise<void> {
  const follow = options.follow ? stopSignal() : undefined;
  const deployment = await readDeployment(deploymentFileOf(options.network));
  const chains: ChainName[] = options.chain === "both" ? ["transaction", "user"] : [options.chain];
  const threads = options.threads === undefined ? undefined : Number(options.threads);
  if (threads !== undefined && threads > MOST_THREADS) {
    throw new InputError({ file: "--threads" }, `${threads} are too many`, `Give at most ${MOST_THREADS}`);
  }
  const patience = options.perSecond === undefined ? {} : { perSecond: options.perSecond };
  // first the endpoints: who names a wrong one gets no database
  const opened = await Promise.all(
    chains.map((name) =>
      openChain(deployment, name, { rpc: name === "transaction" ? options.rpc : options.userRpc, patience, threads }),
    ),
  );
  const starts = await Promise.all(
    chains.map(async (name) => {
      const file = name === "transaction" ? options.seals : options.userSeals;
      return file && readSealedStart(file, deployment.chains[name], (await fastestRecover()).recover);
    }),
  );
  const database = AuditDatabase.open(options.db);
  try {
    database.claim(deployment);
    for (const { chain } of opened) await noteConstants(database, chain);
    await Promise.all(
      chains.map(async (name, place) => {
        const { endpoint, openPool } = opened[place] as (typeof opened)[number];
        const before = database.cursorOf(name);
        const cursor = await indexChain(database, endpoint, {
          chain: name,
          deployment: deployment.chains[name],
          ...(starts[place] ? { seals: starts[place] } : {}),
          ...(follow === undefined ? {} : { follow }),
          ...(openPool === undefined ? {} : { openPool }),
          ...(threads === undefined ? {} : { poolFromBlocks: 1 }),
          onPage: ({ block, events }, head) => {
            if (!options.json) console.error(`${name} chain: block ${block} of ${head}, ${events} events`);
          },
        });
        const { block, hash, events } = cursor;
        const start = database.sealedStart(name)?.number;
        // a start ahead of the head vouches for nothing yet
        const sealedAfter = start === undefined || start >= block ? null : start;
        const report = { chain: name, block, hash, events, newEvents: events - before.events, sealedAfter };
        if (options.json) console.log(JSON.stringify({ ...report, questions: endpoint.questions }));
        else console.log(`${name} chain: ${events} events up to block ${block} (${hash}), ${report.newEvents} new`);
        if (!options.json && sealedAfter !== null) {
          console.log(`${name} chain: a quorum sealed each block after ${sealedAfter}`);
        }
      }),
    );
  } finally {
    database.close();
    for (const open of opened) open.close();
  }
}
