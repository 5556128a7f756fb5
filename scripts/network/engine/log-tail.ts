/** The end of a log file, and the file as it grows. */
import { open, stat, type FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** More than so many bytes of lines nobody wants to read at once. */
const LONGEST_TAIL = 65_536;
const POLL_MILLISECONDS = 250;

/** The last lines of a file; none when it is not there. */
export async function tailOf(file: string, lines: number): Promise<string[]> {
  const handle = await openIfThere(file);
  if (handle === undefined) return [];
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - LONGEST_TAIL);
    const text = await textBetween(handle, from, size);
    return text
      .split("\n")
      .slice(from > 0 ? 1 : 0) // the first one may be torn
      .filter((line) => line.trim() !== "")
      .slice(-lines);
  } finally {
    await handle.close();
  }
}

/** Prints the last lines, and those that follow, until the signal; starts again where the file is made anew. */
export async function follow(
  file: string,
  lines: number,
  stopped: AbortSignal,
  print: (text: string) => void,
): Promise<void> {
  let place = await sizeOf(file);
  for (const line of await tailOf(file, lines)) print(line);
  while (!stopped.aborted) {
    await sleep(POLL_MILLISECONDS, undefined, { signal: stopped }).catch(() => undefined);
    const size = await sizeOf(file);
    if (size < place) place = 0;
    if (size === place) continue;
    const handle = await openIfThere(file);
    if (handle === undefined) continue;
    const text = await textBetween(handle, place, size).finally(() => handle.close());
    const whole = text.lastIndexOf("\n") + 1;
    if (whole === 0) continue;
    place += Buffer.byteLength(text.slice(0, whole));
    for (const line of text.slice(0, whole - 1).split("\n")) print(line);
  }
}

async function textBetween(handle: FileHandle, from: number, to: number): Promise<string> {
  const buffer = Buffer.alloc(to - from);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead).toString("utf8");
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
