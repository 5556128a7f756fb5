/**
 * The user chain of a run once more, on a chain of its own: the same homes, whose agents hear again, at the same times,
 * what the transaction chain stored, and draw orders and times anew. So one month of the market serves many tries.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { admitMember } from "../../sdk/actions/federation.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import { MemberRole } from "../../sdk/enums.js";
import { readEvents } from "../../sdk/events.js";
import { unpackReadings, type ReadingRecord } from "../../sdk/records.js";
import type { Unlinkability } from "../../sdk/vault/index.js";
import { Agents, openStores, type SlotRange } from "../agents/index.js";
import { admitHomes } from "../home-admission.js";
import { Random } from "../inputs/index.js";
import type { NeighbourHome } from "../neighbourhood.js";
import { keyFromSeed, openEmbedded } from "../networks/index.js";
import { Timeline } from "../simulate/timeline.js";
import { observeVaults, type VaultAccount } from "./observe.js";

/** A market's run that is over. */
export interface FinishedMarket {
  readonly transaction: TransactionChain;
  readonly homes: readonly NeighbourHome[];
  readonly slots: SlotRange;
  readonly slotSeconds: number;
  readonly offsetSeconds: number;
}

/** What everybody sees of the vaults that the market's homes keep. */
export async function replayVaults(
  market: FinishedMarket,
  { seed, unlinkability }: { readonly seed: number; readonly unlinkability: Unlinkability },
): Promise<VaultAccount[]> {
  const { transaction, homes, slotSeconds } = market;
  const handed = await storedReadings(transaction);
  const genesis = await transaction.provider.getBlock(0);
  const network = await openEmbedded({ seed, slotSeconds, genesisTime: BigInt(genesis?.timestamp ?? 0) });
  const folder = await mkdtemp(join(tmpdir(), "commonwatt-linkage-"));
  try {
    const registrar = keyFromSeed(seed, "user", "registrar");
    await network.fund("user", [registrar.address, ...homes.map(({ userAccount }) => userAccount.address)]);
    const council = withSigner(network.user, network.operators.user.council);
    await admitMember(council, { member: registrar.address, roles: [MemberRole.Registrar] });
    const { admissionBatch: batch } = unlinkability;
    await admitHomes(homes, { seed, chain: "user", registrar: withSigner(network.user, registrar), batch });
    let now = 0n;
    const agents = await Agents.open({
      user: network.user,
      transaction,
      homes,
      stores: await openStores(network.user, { seed, folder, now: () => now }),
      unlinkability,
      random: new Random(seed).fork("agents"),
      slotSeconds: BigInt(slotSeconds),
      offsetSeconds: BigInt(market.offsetSeconds),
      now: () => now,
    });
    const timeline = new Timeline();
    for (const { time, readings } of handed) {
      timeline.at(time, async () => {
        agents.take(readings.map((reading) => ({ ...reading, status: Number(reading.status) as 1, sequence: 0n })));
        if (unlinkability.writeEvery === 0n) await agents.writeAll();
      });
    }
    await agents.schedule(timeline, market.slots);
    const waitUntil = async (time: bigint): Promise<void> => {
      await network.chains.user.moveTo(time);
      now = time;
    };
    await timeline.run({ ...network.clock, waitUntil });
    return await observeVaults(network.user, async (hash) => (await agents.stores.contents.get(hash))?.length);
  } finally {
    await network.close();
    await rm(folder, { recursive: true });
  }
}

/** What the ledger stored anew, block by block. */
async function storedReadings(
  chain: TransactionChain,
): Promise<{ readonly time: bigint; readonly readings: readonly ReadingRecord[] }[]> {
  const range = { fromBlock: chain.deployment.deploymentBlock, toBlock: await chain.provider.getBlockNumber() };
  const stored: { time: bigint; readings: ReadingRecord[] }[] = [];
  for await (const events of readEvents(chain, { ...range, contracts: ["MeterLedger"] })) {
    for (const { name, args, block } of events) {
      if (name !== "ReadingBatchStored") continue;
      const time = BigInt((await chain.provider.getBlock(block))?.timestamp ?? 0);
      const readings = unpackReadings(args["readings"] as string[]).filter(({ changed }) => changed === 1n);
      stored.push({ time, readings });
    }
  }
  return stored;
}
