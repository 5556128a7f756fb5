/** Kinds of records by their names, in files and on command lines. */
import { RecordKind } from "../enums.js";

const BY_NAME = new Map(Object.entries(RecordKind).map(([name, kind]) => [name.toLowerCase(), kind]));
const BY_KIND = new Map([...BY_NAME].map(([name, kind]) => [kind, name]));

/** profile, readings, bill, device, trip, free. */
export const KIND_NAMES: readonly string[] = [...BY_NAME.keys()];

/** A kind's name. */
export function kindName(kind: RecordKind): string {
  return BY_KIND.get(kind) ?? String(kind);
}

/** The kind of that name; undefined when there is none. */
export function kindNamed(name: string): RecordKind | undefined {
  return BY_NAME.get(name);
}
