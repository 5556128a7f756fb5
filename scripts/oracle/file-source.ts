/**
 * Meter data files (NEM12, CSV) as a source: a file, or a folder of them, is read whole when it is new or has changed.
 * A message names the path; the gateway reads it. What is refused is tried again when it changes, or by a replay.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import type { Logger } from "pino";

import { OracleSetupError } from "./error.js";
import type { Accept, Outbox, ReadingSource } from "./types.js";

export interface FilesOptions {
  readonly path: string;
  /** Where the configuration names it. */
  readonly place: string;
  /** Remembers what was read. */
  readonly marks: Pick<Outbox, "mark" | "setMark">;
  readonly log: Logger;
  readonly lookEveryMilliseconds?: number;
}

const LOOK_EVERY_MILLISECONDS = 10_000;
/** A file that changed in the last moment may still be written. */
const SETTLED_MILLISECONDS = 1_000n;
const NANOSECONDS = 1_000_000n;

export class FilesSource implements ReadingSource {
  readonly #options: FilesOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  async start(accept: Accept): Promise<void> {
    await this.#latestChange(); // is it there at all?
    const look = (): void => {
      this.#looking ??= this.#look(accept).finally(() => (this.#looking = undefined));
    };
    look();
    this.#timer = setInterval(look, this.#options.lookEveryMilliseconds ?? LOOK_EVERY_MILLISECONDS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(accept: Accept): Promise<void> {
    const { path, marks, log } = this.#options;
    try {
      const changed = await this.#latestChange();
      const isSettled = changed / NANOSECONDS + SETTLED_MILLISECONDS <= BigInt(Date.now());
      if (changed === marks.mark(`file:${path}`) || !isSettled) return;
      await accept({ origin: path, payload: new Uint8Array() });
      marks.setMark(`file:${path}`, changed); // after it is on disk: a stop before reads the file once more
      log.info({ path }, "read meter data");
    } catch (error) {
      log.error({ path, err: error }, "meter data could not be read now; it is tried again");
    }
  }

  /** When the file, or any file of the folder, last changed: nanoseconds since 1970. */
  async #latestChange(): Promise<bigint> {
    const { path, place } = this.#options;
    try {
      const found = await stat(path, { bigint: true });
      if (!found.isDirectory()) return found.mtimeNs;
      const inside = await Promise.all((await readdir(path)).map((name) => stat(join(path, name), { bigint: true })));
      return inside.reduce((latest, { mtimeNs }) => (mtimeNs > latest ? mtimeNs : latest), found.mtimeNs);
    } catch (cause) {
      const problem = `it can't be read (${(cause as Error).message})`;
      throw new OracleSetupError(place, problem, "Name a file or folder that the oracle may read.", { cause });
    }
  }
}
