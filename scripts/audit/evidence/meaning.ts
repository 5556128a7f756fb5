/** What proven transactions say about the subject, a line each. Made when a file is written and again when it is checked. */
import { unpackMovements, unpackOutcomes, type Outcome } from "../../../sdk/records.js";
import { formatTime } from "../../../sdk/time/slots.js";
import { eventLines, recordText, statusWord } from "../words.js";
import type { EvidenceBody, EvidenceReading } from "./file.js";
import type { ProvenTransaction } from "./proven.js";
import { authorityOf } from "./readings.js";

export function meaningOf(
  { subject, readings }: Pick<EvidenceBody, "subject" | "readings">,
  transactions: readonly ProvenTransaction[],
): string[] {
  if (subject.kind === "transaction") return transactions.flatMap(transactionLines);
  if (subject.kind === "reading") return readings.flatMap((reading) => readingLines(reading, transactions));
  const accounts = new Set(outcomesIn(subject, transactions).map(({ account }) => account));
  return transactions.flatMap((proven) => settlementLines(proven, subject, accounts));
}

/** What the transactions settled of the meter in the slot, in order. */
export function outcomesIn(
  { meter, slot }: { readonly meter: number; readonly slot: number },
  transactions: readonly Pick<ProvenTransaction, "events">[],
): Outcome[] {
  return transactions
    .flatMap(({ events }) => events)
    .filter(({ contract, args }) => contract === "Settlement" && args["slot"] === BigInt(slot))
    .flatMap(({ args }) => unpackOutcomes((args["outcomes"] as string[] | undefined) ?? []))
    .filter((outcome) => outcome.meter === BigInt(meter));
}

function transactionLines(proven: ProvenTransaction): string[] {
  const { transaction, receipt, events } = proven;
  const unknown = receipt.logs.length - events.length;
  return [
    `${placeOf(proven)} was sent by ${transaction.from ?? "nobody"} to ${transaction.to ?? "a new contract"}` +
      ` and ${receipt.isSuccess ? "succeeded" : "failed"}`,
    ...events.flatMap(eventLines),
    ...(unknown === 0 ? [] : [`${unknown} more logs, of contracts or kinds that the file does not name`]),
  ];
}

function readingLines(reading: EvidenceReading, transactions: readonly ProvenTransaction[]): string[] {
  const { meter, slot, importWh, exportWh, status, sequence } = reading.message;
  const proven = transactions.find(
    ({ header, place }) => Number(header.number) === reading.block && place === reading.place,
  );
  return [
    `${proven === undefined ? "" : placeOf(proven)}: MeterLedger stored the reading of meter ${meter} in slot ${slot}: ` +
      `import ${importWh} Wh, export ${exportWh} Wh, ${statusWord(BigInt(status))}, sequence ${sequence}`,
    `It is at place ${reading.index} of batch ${reading.batch}, whose Merkle root is ${reading.root}`,
    ...signatureLines(reading, transactions),
  ];
}

function signatureLines(reading: EvidenceReading, transactions: readonly ProvenTransaction[]): string[] {
  const { signed } = reading;
  if (signed === undefined) return ["Its signature is not shown: another contract called the ledger"];
  const series = signed.covers.length === 1 ? "it alone" : `it and ${signed.covers.length - 1} more of the meter`;
  const authority = authorityOf(reading, transactions) ?? `Whose key ${signed.signer} is, the file does not show`;
  return [`${signed.signer} signed ${series}`, authority];
}

function settlementLines(
  proven: ProvenTransaction,
  subject: { readonly meter: number; readonly slot: number },
  accounts: ReadonlySet<string>,
): string[] {
  const slot = BigInt(subject.slot);
  const told = proven.events.flatMap((event) => {
    const { contract, name, args } = event;
    if (contract !== "Settlement" || args["slot"] !== slot) return [];
    const { city, feeder, chunk } = args;
    const area = recordText(city === undefined ? { feeder, chunk, slot } : { city, slot });
    const head = `${placeOf(proven)}: Settlement.${name}, ${area}`;
    if (name.endsWith("Finalized")) return [`${head}: nothing of it changes any more`];
    return outcomesIn(subject, [{ events: [event] }]).map((outcome) => `${head}: ${recordText(outcome)}`);
  });
  const moved = proven.events
    .filter(({ contract, name, args }) => contract === "TradeEscrow" && name === "Moved" && args["slot"] === slot)
    .flatMap(({ args }) => unpackMovements(args["movements"] as string[]))
    .filter(({ account }) => accounts.has(account))
    .map((movement) => `  moved, micro-credits: ${recordText(movement)}`);
  return [...told, ...moved];
}

/** E.g. `Transaction 0x… of block 12 (2024-03-04T00:00:00Z, made by 0x…)`. */
function placeOf({ header, transaction }: ProvenTransaction): string {
  const made = `${formatTime(header.timestamp)}, made by ${header.coinbase}`;
  return `Transaction ${transaction.hash ?? ""} of block ${header.number} (${made})`;
}
