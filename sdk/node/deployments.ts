/** Deployment files on disk. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
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

/** Writes a file through a temporary one beside it, with the given mode from its first byte on. */
export async function writeFileAtOnce(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // a name of its own, whoever else writes the same file at the same time
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, content, { mode, flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
