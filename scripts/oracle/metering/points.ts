/** Metering points of the configuration: who they are on the chain, what tells of them, and how they are judged. */
import { z } from "zod";

import { InputError, type InputPlace } from "../../inputs/error.js";
import { MAX_METER } from "../payload.js";
import { readerOf, type FileSource, type MessageReader, type MessageSource } from "../sources/index.js";
import { policySchema } from "../vee/index.js";

/** An encrypted keystore of the ethers JSON format. */
export const keySchema = z.strictObject({ keystore: z.string().min(1), passwordFile: z.string().min(1).optional() });

/** A metering point. */
export const pointSchema = z.strictObject({
  /** The operator's name of it, which sources use. */
  name: z.string().min(1).max(64),
  /** On the chain. */
  number: z.int().min(1).max(MAX_METER),
  /** Of its device; default: from the gateway's phrase. */
  key: keySchema.optional(),
  rules: policySchema.optional(),
});

export type Point = z.infer<typeof pointSchema>;

/** A source of messages with where the configuration names it. */
export interface PlacedReader {
  readonly source: MessageSource;
  readonly place: InputPlace;
}

/** Finds points by what their sources name: topics, files, names. */
export class MeteringPoints {
  readonly #byName: ReadonlyMap<string, Point>;
  readonly #byTopic = new Map<string, MessageReader[]>();
  readonly #files: ReadonlyMap<string, FileSource>;

  /** Throws `InputError` for a name or number that stands twice, or a source of a meter that is not there. */
  constructor(
    points: readonly Point[],
    place: InputPlace,
    readers: readonly PlacedReader[],
    files: readonly FileSource[],
  ) {
    this.#byName = uniquely(points, place);
    this.#files = new Map(files.map((file) => [file.path, file]));
    for (const { source, place: at } of readers) {
      if (!this.#byName.has(source.meter)) throw unknown(source.meter, at);
      const reader = readerOf(source, at);
      for (const topic of reader.topics) this.#byTopic.set(topic, [...(this.#byTopic.get(topic) ?? []), reader]);
    }
  }

  get all(): readonly Point[] {
    return [...this.#byName.values()];
  }

  /** All topics on which they send. */
  get topics(): readonly string[] {
    return [...this.#byTopic.keys()];
  }

  pointOf(name: string): Point | undefined {
    return this.#byName.get(name);
  }

  /** Readers of what comes on a topic: of several meters, where they share it. */
  readersOf(topic: string): readonly MessageReader[] {
    return this.#byTopic.get(topic) ?? [];
  }

  fileOf(path: string): FileSource | undefined {
    return this.#files.get(path);
  }
}

function uniquely(points: readonly Point[], place: InputPlace): Map<string, Point> {
  const byName = new Map<string, Point>();
  const numbers = new Set<number>();
  for (const point of points) {
    if (byName.has(point.name) || numbers.has(point.number)) {
      const problem = `meters: '${point.name}', number ${point.number}, stands there twice`;
      throw new InputError(place, problem, "Give each metering point a name and a number of its own.");
    }
    byName.set(point.name, point);
    numbers.add(point.number);
  }
  return byName;
}

function unknown(name: string, place: InputPlace): InputError {
  return new InputError(place, `there is no meter '${name}'`, "List it under meters, with its number on the chain.");
}
