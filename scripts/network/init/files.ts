/** Files that are made together, by their paths in a network's folder. */
import { mkdir, open, rm } from "node:fs/promises";
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

/** Writes a new file, or nothing of it; one that is there is an error (EEXIST), and stays. */
export async function writeNew(path: string, { content, mode }: Content): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(content);
    await file.chmod(mode); // whatever the process's umask
  } catch (error) {
    await rm(path, { force: true }); // half a keystore, on a full disk, would keep others from taking its name
    throw error;
  } finally {
    await file.close();
  }
}
