/**
 * Meter data files (NEM12, CSV) as a source: a file, or a folder of them, is read whole when it is new or has changed.
 * A message names the path; the gateway reads it. What is refused is tried again when it changes, or by a replay.
 */
import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
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

/** A file or folder as it is at a moment. */
interface State {
  /** Of names, sizes and times: another when anything has changed, whatever the clock says that wrote it. */
  readonly fingerprint: bigint;
  /** Nanoseconds since 1970. */
  readonly changedAt: bigint;
}

export class FilesSource implements ReadingSource {
  readonly #options: FilesOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  /** As of the last look. */
  #seen: bigint | undefined;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  async start(accept: Accept): Promise<void> {
    await this.#state(); // is it there at all?
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
      const { fingerprint, changedAt } = await this.#state();
      const isOld = changedAt / NANOSECONDS + SETTLED_MILLISECONDS <= BigInt(Date.now());
      const isSettled = isOld || fingerprint === this.#seen; // a time in the future is a clock gone wrong
      this.#seen = fingerprint;
      if (fingerprint === marks.mark(`file:${path}`) || !isSettled) return;
      await accept({ origin: path, payload: new Uint8Array() });
      marks.setMark(`file:${path}`, fingerprint); // after it is on disk: a stop before reads the file once more
      log.info({ path }, "read meter data");
    } catch (error) {
      log.error({ path, err: error }, "meter data could not be read now; it is tried again");
    }
  }

  async #state(): Promise<State> {
    const { path, place } = this.#options;
    try {
      const found = await stat(path, { bigint: true });
      if (!found.isDirectory()) return stateOf([["", found]]);
      const inside = (await readdir(path)).sort();
      const stats = await Promise.all(inside.map((name) => stat(join(path, name), { bigint: true })));
      return stateOf([["", found], ...inside.map((name, index) => [name, stats[index] ?? found] as const)]);
    } catch (cause) {
      const problem = `it can't be read (${(cause as Error).message})`;
      throw new OracleSetupError(place, problem, "Name a file or folder that the oracle may read.", { cause });
    }
  }
}

function stateOf(files: readonly (readonly [name: string, stats: BigIntStats])[]): State {
  const lines = files.map(([name, { mtimeNs, size }]) => `${name}\0${mtimeNs}\0${size}`);
  const digest = createHash("sha256").update(lines.join("\n")).digest();
  return {
    fingerprint: digest.readBigUInt64BE() >> 1n, // as SQLite's integers are
    changedAt: files.reduce((latest, [, { mtimeNs }]) => (mtimeNs > latest ? mtimeNs : latest), 0n),
  };
}
