/** What a configuration says of a source, checked by schema, and the reader made from it. */
import { stat } from "node:fs/promises";

import { z } from "zod";

import { InputError, type InputPlace } from "../../inputs/error.js";

import { readCsvReadings } from "./csv.js";
import { dsmrReader } from "./dsmr.js";
import { readNem12, readNem12Folder, type FolderContent } from "./nem12.js";
import type { MessageReader } from "./observation.js";
import { shellyGen1Reader, shellyGen2Reader } from "./shelly.js";
import { smlReader } from "./sml.js";
import { tasmotaReader } from "./tasmota.js";
import { parseZone } from "./zone.js";

const name = z.string().min(1).max(64);
/** A topic to subscribe to, without wildcards: one meter speaks on it. */
const topic = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^+#\0]+$/, "is a topic without + and #");

/** Sources that send messages; `meter` is the operator's name of the metering point. */
export const messageSourceSchema = z.discriminatedUnion("source", [
  z.strictObject({ source: z.literal("shelly-gen1"), meter: name, prefix: topic, channel: z.int().min(0).max(2) }),
  z.strictObject({
    source: z.literal("shelly"),
    meter: name,
    prefix: topic,
    component: z.string().regex(/^em(1data:[0-9]|data:[0-9])$/, "is a component such as em1data:0 or emdata:0"),
  }),
  z.strictObject({
    source: z.literal("tasmota"),
    meter: name,
    topic,
    group: name.default("SML"),
    import: name.default("Total_in"),
    export: name.nullable().default("Total_out"),
    serial: name.default("Meter_Id"),
    unit: z.enum(["kWh", "Wh"]).default("kWh"),
    zone: z.string().optional(),
  }),
  z.strictObject({ source: z.literal("dsmr"), meter: name, topic, zone: z.string().optional() }),
  z.strictObject({ source: z.literal("sml"), meter: name, topic }),
]);

/** Sources that are files, read whole; the meters are named in them. */
export const fileSourceSchema = z.strictObject({
  type: z.literal("files"),
  format: z.enum(["nem12", "csv"]),
  path: z.string().min(1),
  /** The offset of the files' clock, which never changes, e.g. `+10:00`. */
  zone: z.string(),
});

export type MessageSource = z.infer<typeof messageSourceSchema>;
export type FileSource = Omit<z.infer<typeof fileSourceSchema>, "type">;

/** The reader of a source's messages; refuses what the schema or the source does, naming `place` and the field. */
export function readerOf(value: unknown, place: InputPlace): MessageReader {
  const result = messageSourceSchema.safeParse(value);
  if (result.success) return makeReader(result.data, place);
  const [issue] = result.error.issues;
  throw new InputError(
    place,
    `${issue?.path.join(".") || "the source"}: ${issue?.message ?? "not valid"}`,
    "docs/oracle.md has an example of each source.",
  );
}

function makeReader(source: MessageSource, place: InputPlace): MessageReader {
  switch (source.source) {
    case "shelly-gen1":
      return shellyGen1Reader(source);
    case "shelly":
      return shellyGen2Reader(source);
    case "tasmota":
      return tasmotaReader({
        meter: source.meter,
        topic: source.topic,
        group: source.group,
        importField: source.import,
        exportField: source.export ?? undefined,
        serialField: source.serial,
        unit: source.unit,
        zone: source.zone === undefined ? undefined : parseZone(source.zone, place),
      });
    case "dsmr":
      return dsmrReader({ meter: source.meter, topic: source.topic, zone: parseZone(source.zone, place) });
    case "sml":
      return smlReader(source);
  }
}

/** What a source's files have; of a folder, and why some of its files were refused. */
export async function readFileSource(source: FileSource): Promise<FolderContent> {
  const { path, zone } = source;
  if (source.format === "csv") return { observations: await readCsvReadings(path, zone), refused: [] };
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false, // reading it tells why
  );
  return isFolder ? readNem12Folder(path, zone) : { observations: await readNem12(path, zone), refused: [] };
}
