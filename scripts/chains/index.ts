/** `npm run chains`: both simulated chains on loopback, deployed, with the demonstration neighbourhood admitted. */
import { resolve } from "node:path";

import { CommanderError } from "commander";

import { defaultGrid } from "../grid/index.js";
import { InputError } from "../inputs/error.js";
import { Random } from "../inputs/random.js";
import { admitNeighbourhood, type Neighbourhood } from "../neighbourhood.js";
import { openEmbedded } from "../networks/embedded.js";
import { ONE_MAKER } from "../networks/simulated-defaults.js";
import { untilStopped } from "../run.js";
import { wallSeconds } from "../wall.js";
import { chainsCommand, type ChainsOptions } from "./options.js";
import { requireFreePorts } from "./rpc-server.js";
import { announce, endpointUrls, serveChains, withdrawAnnouncement } from "./serve.js";

const NETWORK = "local";
const CREDIT = 1_000_000n;
/** A slot of the served chains stands for an hour of a home's day, however short it is. */
const HOUR = 3_600;
const PEAK_WH = 8_000;

async function main(options: ChainsOptions): Promise<void> {
  const file = resolve(options.deployment);
  const stopped = untilStopped();
  // first, so that the files of a network that still runs stay
  await requireFreePorts([options.port, options.port + 1]);
  await withdrawAnnouncement(file);
  const network = await openEmbedded({
    seed: options.seed,
    slotSeconds: options.slotSeconds,
    genesisTime: wallSeconds(),
    blockSeconds: options.blockTime,
    network: NETWORK,
    rpcUrls: endpointUrls(options.port),
  });
  try {
    const endpoints = await serveChains(network, options.port);
    const neighbourhood = await admitNeighbourhood(network, { ...demonstration(options), seed: options.seed });
    await announce(file, network, neighbourhood);
    report(file, options, neighbourhood);
    await stopped;
    await withdrawAnnouncement(file);
    await Promise.all([endpoints.transaction.close(), endpoints.user.close()]);
  } finally {
    await network.close();
  }
}

function demonstration({ homes, seed }: ChainsOptions): Omit<Parameters<typeof admitNeighbourhood>[1], "seed"> {
  const sizes = Array.from({ length: homes }, (_, index) => ({ id: String(index + 1), peakWh: PEAK_WH }));
  return {
    grid: defaultGrid(sizes, HOUR, new Random(seed)),
    homeDepositMicro: () => 500n * CREDIT,
    supplierDepositMicro: 10_000n * CREDIT,
    price: { retail: 300_000n, feedIn: 120_000n },
  };
}

function report(
  file: string,
  { port, seed, blockTime }: ChainsOptions,
  { homes, feeders, firstSlot }: Neighbourhood,
): void {
  const urls = endpointUrls(port);
  console.log(`transaction chain  ${urls.transaction}`);
  console.log(`user chain         ${urls.user}`);
  console.log(`deployment         ${file} (keys beside it)`);
  console.log(`neighbourhood      ${homes.length} homes on ${feeders.length} feeders, trading from slot ${firstSlot}`);
  console.log(`seed               ${seed}`);
  console.log(`blocks             every ${blockTime} s or sooner. ${ONE_MAKER}`);
  console.log("Stop with Ctrl-C.");
}

/** 0 when all went well (also for --help), 2 on bad input; anything else is a bug and is thrown. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof InputError)) throw error;
  console.error(error.message);
  return error.exitCode;
}

try {
  await main(chainsCommand().parse().opts<ChainsOptions>());
  process.exit(0);
} catch (error) {
  process.exit(exitCodeOf(error));
}
