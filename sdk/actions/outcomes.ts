/** What slots came to for each meter, as they were settled last, read back from events. */
import { zeroPadValue, toBeHex } from "ethers";

import type { TransactionChain } from "../connect.js";
import { readEvents } from "../events.js";
import { unpackOutcomes, type Outcome } from "../records.js";
import { ask } from "../transact.js";

/** A settled part of a slot: a city's trading meters, or a chunk of a feeder's others. */
interface SettledMeters {
  readonly slot: bigint;
  outcomes: readonly Outcome[];
  isFinal: boolean;
}

/** A meter's outcome in a slot. Wh and micro-credits. */
export interface SettledOutcome {
  readonly slot: bigint;
  readonly outcome: Outcome;
  /** Whether the slot is past its final date, and nothing changes it any more. */
  readonly isFinal: boolean;
}

/**
 * The outcomes of all meters in the slots from `first` to `last`, both included, in the order of their settlement.
 * Nobody's meter is named to the node that is asked; where one slot is asked for, that slot is.
 */
export async function settledOutcomes(
  chain: TransactionChain,
  { first, last }: { readonly first: bigint; readonly last: bigint },
): Promise<SettledOutcome[]> {
  const parts = new Map<string, SettledMeters>();
  const range = {
    fromBlock: chain.deployment.deploymentBlock,
    toBlock: await ask(() => chain.provider.getBlockNumber()),
    contracts: ["Settlement"] as const,
    ...(first === last ? { topics: [null, null, zeroPadValue(toBeHex(first), 32)] } : {}),
  };
  for await (const events of readEvents(chain, range)) {
    for (const { name, args } of events) {
      const { slot, outcomes, ...where } = args as unknown as SettlementArgs;
      if (slot === undefined || slot < first || slot > last) continue;
      const place = JSON.stringify([where.city ?? where.feeder, slot, where.chunk], textOf);
      if (name === "SlotSettled" || name === "RestSettled") {
        parts.set(place, { slot, outcomes: unpackOutcomes(outcomes), isFinal: false });
      } else if (name === "SlotFinalized" || name === "RestFinalized") {
        const part = parts.get(place);
        if (part !== undefined) part.isFinal = true;
      }
    }
  }
  return [...parts.values()].flatMap(({ slot, outcomes, isFinal }) =>
    outcomes.map((outcome) => ({ slot, outcome, isFinal })),
  );
}

interface SettlementArgs {
  readonly slot?: bigint;
  readonly city?: bigint;
  readonly feeder?: bigint;
  readonly chunk?: bigint;
  readonly outcomes: readonly string[];
}

function textOf(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
