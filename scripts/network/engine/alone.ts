/** One command at a time starts and ends a folder's nodes: two would note two processes for one node, and lose one of them. */
import { link, rm } from "node:fs/promises";
import { join } from "node:path";

import { InputError } from "../../inputs/error.js";
import { livingPid, writePid } from "./pid-file.js";

const LOCK_FILE = "command.pid";

/** Does the work while no other process does such work in `dir`; an `InputError` names the one that does. */
export async function alone<Result>(dir: string, work: () => Promise<Result>): Promise<Result> {
  const file = join(dir, LOCK_FILE);
  try {
    await take(file, dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    return work(); // nodes must end on a full disk too
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string, dir: string): Promise<void> {
  const own = `${file}.${process.pid}`;
  await writePid(own, process.pid);
  try {
    if (await isLinked(own, file)) return;
    const holder = await livingPid(file);
    if (holder === undefined) await rm(file, { force: true }); // its process is gone
    if (holder === undefined && (await isLinked(own, file))) return;
    const problem = `process ${holder ?? "of another command"} starts or ends its nodes`;
    throw new InputError({ file: dir }, problem, "Wait until it is done, or end it");
  } finally {
    await rm(own, { force: true });
  }
}

/** In one step, content and all: of two that try, one gets it. */
async function isLinked(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
