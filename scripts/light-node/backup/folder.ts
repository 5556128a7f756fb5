/** The archive files of a folder, by their names. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { removeTemporaries } from "../../../sdk/node/deployments.js";
import { InputError } from "../../inputs/error.js";
import type { ArchiveRange } from "./format.js";

const NAME = /^(\d+)-(\d{12})-(\d{12})\.cwa$/;

/** A file by its name. */
export interface NamedArchive {
  readonly name: string;
  readonly path: string;
  readonly chainId: number;
  readonly from: number;
  readonly to: number;
}

/** Chain, first and last block, so that names sort as blocks do. */
export function archiveName({ chainId, from, to }: Omit<ArchiveRange, "genesisHash">): string {
  const digits = (block: number): string => String(block).padStart(12, "0");
  return `${chainId}-${digits(from)}-${digits(to)}.cwa`;
}

/** All archive files of a folder, in the chain's order; of two that begin alike the longer one first. */
export async function archivesIn(folder: string): Promise<NamedArchive[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new InputError({ file: folder }, `it can't be read (${cause.message})`, "Name a folder", { cause });
  });
  const archives = names.flatMap((name): NamedArchive[] => {
    const [, chainId, from, to] = (NAME.exec(name) ?? []).map(Number);
    if (chainId === undefined || from === undefined || to === undefined || from > to) return [];
    return [{ name, path: join(folder, name), chainId, from, to }];
  });
  return archives.sort((a, b) => a.chainId - b.chainId || a.from - b.from || b.to - a.to);
}

/**
 * The files of a folder that hold one chain's blocks without a gap, each block once: a file whose blocks another has, too
 * (an ended `create` can leave one), is passed over. InputError for no file, two chains, or blocks that are missing.
 */
export async function wholeBackup(folder: string): Promise<NamedArchive[]> {
  const archives = await archivesIn(folder);
  const chosen: NamedArchive[] = [];
  for (const archive of archives) {
    const last = chosen.at(-1);
    if (last !== undefined) {
      if (archive.chainId !== last.chainId) {
        const what = `it holds blocks of the chains ${last.chainId} and ${archive.chainId}`;
        throw new InputError({ file: folder }, what, "Keep each chain in a folder of its own");
      }
      if (archive.to <= last.to) continue;
      if (archive.from !== last.to + 1) {
        const missing = archive.from > last.to;
        const [a, b] = missing ? [last.to + 1, archive.from - 1] : [archive.from, last.to];
        const what = missing ? `blocks ${a} to ${b} are missing` : `blocks ${a} to ${b} stand in two files`;
        throw new InputError({ file: folder }, `${what}, before ${archive.name}`, "Run backup create for them again");
      }
    }
    chosen.push(archive);
  }
  if (chosen.length > 0) return chosen;
  throw new InputError(
    { file: folder },
    "there is no archive file (*.cwa)",
    "Name the folder that backup create wrote",
  );
}

/** Removes what ended runs left in a folder, and shorter files whose blocks a written one has. */
export async function tidyFolder(
  folder: string,
  written?: Pick<NamedArchive, "chainId" | "from" | "to">,
): Promise<void> {
  if (written === undefined) return removeTemporaries(folder);
  for (const { path, chainId, from, to } of await archivesIn(folder)) {
    const isWritten = from === written.from && to === written.to;
    const isWithin = chainId === written.chainId && from >= written.from && to <= written.to;
    if (isWithin && !isWritten) await rm(path);
  }
}
