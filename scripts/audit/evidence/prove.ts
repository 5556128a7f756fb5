/** Writing evidence: which transactions bear the subject out, and all that proves them. */
import { toBeHex, zeroPadValue } from "ethers";

import { blockOfTransaction } from "../../../sdk/actions/block-proofs.js";
import type { AnyChain } from "../../../sdk/connect.js";
import { CONTRACT_INTERFACES, type ContractName } from "../../../sdk/contracts.js";
import { ReadingStatus } from "../../../sdk/enums.js";
import { readEvents, type ChainEvent } from "../../../sdk/events.js";
import { unpackOutcomes, unpackReadings } from "../../../sdk/records.js";
import { InputError } from "../../inputs/error.js";
import { recordText } from "../words.js";
import { checkEvidence } from "./check.js";
import { collectBlocks, identityOf } from "./collect.js";
import {
  EVIDENCE_FORMAT,
  EVIDENCE_VERSION,
  formatEvidence,
  type EvidenceBody,
  type EvidenceReading,
  type EvidenceSubject,
} from "./file.js";
import { meaningOf } from "./meaning.js";
import { provenTransactions } from "./proven.js";
import { keyOf, readingsIn } from "./readings.js";

type Place = Pick<ChainEvent, "block" | "transaction">;

/** A meter in a slot. */
interface MeterSlot {
  readonly meter: number;
  readonly slot: number;
}

/** Evidence of one transaction: it, its receipt and the events in it. */
export async function proveTransaction(chain: AnyChain, transaction: string): Promise<string> {
  const place = { block: await blockOfTransaction(chain.provider, transaction), transaction };
  return written(chain, { kind: "transaction", transaction }, [place]);
}

/** Evidence of all that was ever stored as the meter's reading of the slot, and of whose keys signed it. */
export async function proveReadings(chain: AnyChain, { meter, slot }: MeterSlot): Promise<string> {
  const subject = { kind: "reading", meter, slot } as const;
  const isMeant = (event: ChainEvent): boolean =>
    unpackReadings(event.args["readings"] as string[]).some(
      (record) => record.meter === BigInt(meter) && record.slot === BigInt(slot) && record.changed === 1n,
    );
  const batches = (await eventsOf(chain, "MeterLedger", "ReadingBatchStored")).filter(isMeant);
  if (batches.length === 0) throw nothing(subject, "stored no reading of");
  const identity = identityOf(chain);
  const transactions = provenTransactions(await collectBlocks(chain, batches), identity);
  const readings = transactions.flatMap((proven) => readingsIn(proven, identity, subject));
  const authorities = await authoritiesOf(chain, readings);
  return written(chain, subject, [...batches, ...authorities], readings);
}

/** Evidence of every settlement of the meter in the slot, and of its end. */
export async function proveSettlement(chain: AnyChain, { meter, slot }: MeterSlot): Promise<string> {
  const subject = { kind: "settlement", meter, slot } as const;
  const bySlot = [null, zeroPadValue(toBeHex(slot), 32)];
  const read = (name: string): Promise<ChainEvent[]> => eventsOf(chain, "Settlement", name, bySlot);
  const settled = [...(await read("SlotSettled")), ...(await read("RestSettled"))].filter((event) =>
    unpackOutcomes(event.args["outcomes"] as string[]).some((outcome) => outcome.meter === BigInt(meter)),
  );
  if (settled.length === 0) throw nothing(subject, "settled nothing of");
  const parts = new Set(settled.map(partOf));
  const final = [...(await read("SlotFinalized")), ...(await read("RestFinalized"))].filter((event) =>
    parts.has(partOf(event)),
  );
  return written(chain, subject, [...settled, ...final]);
}

async function written(
  chain: AnyChain,
  subject: EvidenceSubject,
  places: readonly Place[],
  readings: readonly EvidenceReading[] = [],
): Promise<string> {
  const identity = identityOf(chain);
  const blocks = await collectBlocks(chain, places);
  const about = { subject, readings: [...readings] };
  const body: EvidenceBody = {
    format: EVIDENCE_FORMAT,
    version: EVIDENCE_VERSION,
    identity,
    blocks,
    ...about,
    meaning: meaningOf(about, provenTransactions(blocks, identity)),
  };
  const text = formatEvidence(body);
  // what is handed on has passed the check that others will make
  checkEvidence(text, "the evidence", { headers: blocks.map(({ hash }) => hash) });
  return text;
}

/** Where it was said whose keys signed the readings: the events that name the signer, the last before the reading. */
async function authoritiesOf(chain: AnyChain, readings: readonly EvidenceReading[]): Promise<Place[]> {
  const places: Place[] = [];
  for (const { message, signed, block } of readings) {
    if (signed === undefined) continue;
    const [meter, slot] = [BigInt(message.meter), BigInt(message.slot)];
    const byMeter = [zeroPadValue(toBeHex(meter), 32)];
    const last = (events: readonly ChainEvent[]): ChainEvent[] =>
      events.filter((event) => event.block <= block).slice(-1);
    if (message.status === ReadingStatus.Actual) {
      const certified = await eventsOf(chain, "DeviceRegistry", "DeviceCertified", byMeter);
      const rotated = await eventsOf(chain, "DeviceRegistry", "KeyRotated", byMeter);
      places.push(...last([...certified, ...rotated].filter((event) => keyOf(event, meter) === signed.signer)));
      continue;
    }
    const isInForce = ({ args }: ChainEvent): boolean => (args["fromSlot"] as bigint) <= slot;
    const [site] = last((await eventsOf(chain, "GridTopology", "SiteScheduled", byMeter)).filter(isInForce));
    const parties = (await eventsOf(chain, "GridTopology", "PartiesScheduled")).filter(
      (event) =>
        isInForce(event) &&
        event.args["feeder"] === site?.args["feeder"] &&
        event.args["meteringOperator"] === signed.signer,
    );
    if (site !== undefined && parties.length > 0) places.push(site, ...last(parties));
  }
  return places;
}

/** All events of one name, in order; `topics` stand after the event's own. */
async function eventsOf(
  chain: AnyChain,
  contract: ContractName,
  name: string,
  topics: readonly (string | null)[] = [],
): Promise<ChainEvent[]> {
  const hash = CONTRACT_INTERFACES[contract].getEvent(name)?.topicHash;
  if (hash === undefined) throw new RangeError(`${contract} has no event ${name}`);
  const range = {
    fromBlock: chain.deployment.deploymentBlock,
    toBlock: await chain.provider.getBlockNumber(),
    contracts: [contract],
    topics: [hash, ...topics],
  };
  const events: ChainEvent[] = [];
  for await (const part of readEvents(chain, range)) events.push(...part);
  return events;
}

/** What is settled and made final together. */
function partOf({ args }: ChainEvent): string {
  const { city, feeder, chunk } = args;
  return recordText({ city, feeder, chunk });
}

function nothing({ kind, meter, slot }: MeterSlot & { readonly kind: string }, verb: string): InputError {
  return new InputError(
    { file: `${kind} ${meter} ${slot}` },
    `the chain ${verb} meter ${meter} in slot ${slot}`,
    "Check both numbers: slots are counted in slot lengths since 1970",
  );
}
