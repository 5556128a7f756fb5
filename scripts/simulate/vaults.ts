/** The homes' agents in a run: whether it has them, and where their vaults' stores are. */
import { rm } from "node:fs/promises";
import { join } from "node:path";

import type { Unlinkability } from "../../sdk/vault/unlinkability.js";
import { Agents, openStores, type AgentHome, type SlotRange } from "../agents/index.js";
import { InputError, Random, type Neighbourhood } from "../inputs/index.js";
import type { OpenNetwork } from "../networks/index.js";
import { VAULT_HOMES, type SimulateOptions } from "./options.js";
import type { SlotMap } from "./schedule.js";

/** Of simulated homes alone: it is emptied before each run. */
const FOLDER = "simulated-vaults";

export interface RunAgentsParts {
  readonly network: OpenNetwork;
  readonly homes: readonly AgentHome[];
  readonly inputs: Neighbourhood;
  readonly slots: SlotMap;
  readonly unlinkability: Unlinkability;
  /** Unix seconds. */
  readonly now: () => bigint;
}

/** The agents of a run that has vaults: one in virtual time, of few homes unless the options say otherwise. */
export async function startAgents(
  { vaults, network: name, seed, out }: SimulateOptions,
  { network, homes, inputs, slots, ...rest }: RunAgentsParts,
): Promise<Agents | undefined> {
  if (vaults === true && !network.clock.isVirtual) {
    throw new InputError(
      { file: "--vaults" },
      `on network ${name}, whose clock is the wall's, the agents would write up to days after the run`,
      "Leave the option out, or use --network embedded.",
    );
  }
  if (!(vaults ?? (network.clock.isVirtual && homes.length <= VAULT_HOMES))) return undefined;
  const folder = join(out, FOLDER);
  await rm(folder, { recursive: true, force: true }); // of an earlier run, whose chains are gone
  return Agents.open({
    ...rest,
    user: network.user,
    transaction: network.transaction,
    homes,
    stores: await openStores(network.user, { seed, folder, now: rest.now }),
    random: new Random(seed).fork("agents"),
    slotSeconds: BigInt(inputs.slotSeconds),
    offsetSeconds: BigInt(homeClock(inputs, slots)),
  });
}

/** A run's slots on the chain. */
export function rangeOf({ firstSlot, slotCount }: Neighbourhood, slots: SlotMap): SlotRange {
  return { first: slots.toChain(firstSlot), last: slots.toChain(firstSlot + slotCount - 1) };
}

/** The homes' clock on the chain's, seconds east of UTC: days and months are the data's, whatever its slots are numbered. */
export function homeClock({ offsetSeconds, slotSeconds }: Neighbourhood, { shift }: SlotMap): number {
  return offsetSeconds - shift * slotSeconds;
}
