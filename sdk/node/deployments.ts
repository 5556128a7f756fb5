/** Deployment files on disk. */
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { formatDeployment, parseDeployment, type Deployment } from "../deployments/index.js";
import { CommonwattError } from "../errors.js";

/** The folder that holds one deployment file per network. */
export const DEPLOYMENTS_FOLDER = "deployments";

/** The path of a network's deployment file. */
export function deploymentPath(network: string, folder: string = DEPLOYMENTS_FOLDER): string {
  return resolve(join(folder, `${network}.json`));
}

/** Reads a deployment file. */
export async function readDeployment(path: string): Promise<Deployment> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new CommonwattError("DeploymentUnreadable", { source: path, reason: (cause as Error).message }, { cause });
  }
  return parseDeployment(text, path);
}

/** Writes a deployment file in one step: a reader sees the old file or the new one, never half of it. */
export async function writeDeployment(path: string, deployment: Deployment): Promise<void> {
  await writeFileAtOnce(path, formatDeployment(deployment), 0o644);
}

/** Removes a network's deployment file; no complaint when there is none. */
export async function removeDeployment(path: string): Promise<void> {
  await rm(path, { force: true });
}

const TEMPORARY = ".tmp";

/**
 * Writes a file through a temporary one beside it, with the given mode from its first byte on. It is on the disk when this is done: what a
 * store has said that it keeps, or has forgotten, is so after a power cut too.
 */
export async function writeFileAtOnce(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await writeWholeFile(path, mode, (file) => file.writeFile(content));
}

/** The same for content that is written piece by piece; what `write` returns. When it throws, there is no new file. */
export async function writeWholeFile<Result>(
  path: string,
  mode: number,
  write: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  // a name of its own, whoever else writes the same file at the same time
  const temporary = `${path}.${randomUUID()}${TEMPORARY}`;
  let result: Result;
  try {
    result = await written(temporary, mode, write);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
  return result;
}

/** Removes what processes that ended within `writeFileAtOnce` left in a folder; nobody else may be writing there. */
export async function removeTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const left = names.filter((name) => name.endsWith(TEMPORARY));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}

async function written<Result>(
  path: string,
  mode: number,
  write: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, "wx", mode);
  try {
    const result = await write(file);
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

/** The names in a folder, too; some systems can't, and write them through. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
