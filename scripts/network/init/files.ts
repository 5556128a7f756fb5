/** Files that are made together, by their paths in a network's folder. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** A file's text or bytes, and who may read it. */
export interface Content {
  readonly content: string | Uint8Array;
  readonly mode: 0o600 | 0o644;
}
export type Files = Map<string, Content>;

export function shown(content: string): Content {
  return { content, mode: 0o644 };
}

export function hidden(content: string | Uint8Array): Content {
  return { content, mode: 0o600 };
}

/** Writes a new file; one that is there is an error (EEXIST). */
export async function writeNew(path: string, { content, mode }: Content): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, content, { mode, flag: "wx" });
  await chmod(path, mode); // whatever the process's umask
}
