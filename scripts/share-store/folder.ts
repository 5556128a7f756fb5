/** A share store's folder: its shares, its account's key, and a lock, for two processes would write over each other. */
import { chmod, mkdir, open, readFile, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { Wallet } from "ethers";

import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/error.js";

const KEY_FILE = "account.key";
const LOCK_FILE = "lock";

/** The key in the folder, drawn when there is none; mode 600, for who has it can sign receipts in the store's name. */
export async function folderKey(folder: string): Promise<Wallet> {
  const file = join(folder, KEY_FILE);
  try {
    return new Wallet((await readFile(file, "utf8")).trim());
  } catch (error) {
    // without the cause, which would quote the file
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new InputError({ file }, "this is no key that can be read", "Restore it; a new one would be another store");
    }
  }
  const { privateKey } = Wallet.createRandom();
  await writeFileAtOnce(file, `${privateKey}\n`, 0o600);
  return new Wallet(privateKey);
}

/** Takes the folder for this process, making it where there is none; what gives it back. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    const file = join(folder, LOCK_FILE);
    const handle = await openLock(file);
    await handle.writeFile(String(process.pid));
    await handle.close();
    return () => rm(file, { force: true });
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const problem = `the folder can't be used (${code ?? message})`;
    throw new InputError({ file: folder }, problem, "Check the path and the rights on it", { cause });
  }
}

async function openLock(file: string): Promise<FileHandle> {
  try {
    return await open(file, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const holder = Number(await readFile(file, "utf8").catch(() => ""));
    if (isRunning(holder)) {
      const advice = "End it, or use another --folder; remove the file if that process is another program";
      throw new InputError({ file }, `process ${holder} keeps shares in this folder`, advice);
    }
    await rm(file, { force: true }); // its process is gone
    return open(file, "wx", 0o600);
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
