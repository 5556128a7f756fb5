/**
 * An owner's whole vault in one signed file that anybody can read without us: JSON lines (one JSON object a line, UTF-8), the last of
 * which signs the bytes of all before it. Fields are in docs/vault.md. An archive is clear text: whoever keeps it guards it.
 */
import { isHexString, keccak256, toUtf8Bytes } from "ethers";

import { CommonwattError } from "../errors.js";
import { domainOf, fieldsOf, type TypedMessage } from "../signing/typed-data.js";
import type { RecordContracts, RecordKind } from "./chain.js";
import { contentOf, type Content, type Slot } from "./content.js";
import { dataIn, dataOf } from "./json-data.js";
import { kindName, kindNamed } from "./kinds.js";
import { isSignedBy } from "./share-store.js";
import type { VaultSigner } from "./wallet.js";

/** A version in an archive. */
export interface ArchivedVersion {
  readonly record: string;
  readonly kind: RecordKind;
  readonly version: bigint;
  /** Unix seconds, by the chain it came from. */
  readonly writtenAt: bigint;
  readonly commitment: string;
  readonly content: Content;
}

/** What an archive holds. */
export interface Archive {
  readonly owner: string;
  readonly chainId: bigint;
  readonly personalRecords: string;
  /** Unix seconds. */
  readonly exportedAt: bigint;
  /** Versions of a record in order. */
  readonly versions: readonly ArchivedVersion[];
}

const FORMAT = "commonwatt-vault-archive-1";
const ARCHIVE = fieldsOf("address owner,bytes32 contentHash");

/** The text of an archive, signed by its owner. */
export async function writeArchive(archive: Archive, signer: VaultSigner): Promise<string> {
  const { versions, owner, chainId, personalRecords, exportedAt } = archive;
  const head = { format: FORMAT, owner, chainId: String(chainId), personalRecords, exportedAt: String(exportedAt) };
  const body = [head, ...versions.map(lineOf)].map((line) => `${JSON.stringify(line)}\n`).join("");
  const { domain, types, value } = archiveMessage(archive, body);
  return `${body}${JSON.stringify({ signature: await signer.signTypedData(domain, types, value) })}\n`;
}

/** Reads an archive: whole, unchanged, signed by the owner that it names. */
export function readArchive(text: string): Archive {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.length < 2) throw invalid(lines.length, "it is cut short");
  const objects = lines.map((line, index) => parsedLine(line, index + 1));
  const [head = {}, ...rest] = objects;
  if (head["format"] !== FORMAT) throw invalid(1, `it is not of format ${FORMAT}`);
  const place = {
    owner: textIn(head, "owner", 1),
    chainId: whole(head, "chainId", 1),
    personalRecords: textIn(head, "personalRecords", 1),
    exportedAt: whole(head, "exportedAt", 1),
  };
  const body = lines
    .slice(0, -1)
    .map((line) => `${line}\n`)
    .join("");
  const signature = textIn(rest.pop() ?? {}, "signature", lines.length);
  if (!isSignedBy(place.owner, archiveMessage(place, body), signature)) {
    throw invalid(lines.length, "its signature is not its owner's over the lines before");
  }
  return { ...place, versions: rest.map((line, index) => versionOf(line, index + 2)) };
}

type Line = Readonly<Record<string, unknown>>;

function archiveMessage(
  { owner, chainId, personalRecords }: Pick<Archive, "owner" | "chainId" | "personalRecords">,
  body: string,
): TypedMessage {
  return {
    domain: domainOf("Commonwatt Vault archive", { chainId, verifyingContract: personalRecords }),
    types: { Archive: ARCHIVE },
    value: { owner, contentHash: keccak256(toUtf8Bytes(body)) },
  };
}

function lineOf({ record, kind, version, writtenAt, commitment, content }: ArchivedVersion): Line {
  return {
    record,
    kind: kindName(kind),
    version: String(version),
    writtenAt: String(writtenAt),
    commitment,
    salt: content.salt,
    slots: content.slots.map(({ label, data }) => ({ label, ...dataOf(data) })),
  };
}

function versionOf(line: Line, number: number): ArchivedVersion {
  const kind = kindNamed(textIn(line, "kind", number));
  if (kind === undefined) throw invalid(number, "its kind is unknown");
  const slots = Array.isArray(line["slots"]) ? (line["slots"] as unknown[]) : [];
  return {
    record: word(line, "record", number),
    kind,
    version: whole(line, "version", number),
    writtenAt: whole(line, "writtenAt", number),
    commitment: word(line, "commitment", number),
    content: contentOf(
      slots.map((slot) => slotOf(slot as Line, number)),
      word(line, "salt", number),
    ),
  };
}

function slotOf(slot: Line, number: number): Slot {
  const data = dataIn(slot);
  if (data === undefined) throw invalid(number, "a slot's data is neither text nor base64");
  return { label: textIn(slot, "label", number), data };
}

function parsedLine(line: string, number: number): Line {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Line;
  } catch {
    // said below, without the parser's message, which quotes the line
  }
  throw invalid(number, "it is no JSON object");
}

function textIn(line: Line, field: string, number: number): string {
  const value = line[field];
  if (typeof value !== "string") throw invalid(number, `its ${field} is missing`);
  return value;
}

function whole(line: Line, field: string, number: number): bigint {
  const value = textIn(line, field, number);
  if (!/^\d{1,20}$/.test(value)) throw invalid(number, `its ${field} is no whole number`);
  return BigInt(value);
}

function word(line: Line, field: string, number: number): string {
  const value = textIn(line, field, number);
  if (!isHexString(value, 32)) throw invalid(number, `its ${field} is no word of 32 bytes`);
  return value;
}

function invalid(line: number, reason: string): CommonwattError {
  return new CommonwattError("VaultArchiveInvalid", { line, reason });
}

/** Which contracts an archive is of. */
export function archivePlace({
  chainId,
  personalRecords,
}: RecordContracts): Pick<Archive, "chainId" | "personalRecords"> {
  return { chainId, personalRecords };
}
