/** Which readings wait for other operators' attestations, and until when they are looked at again. In memory only. */

interface Group {
  readonly ids: readonly bigint[];
  /** Milliseconds of the clock that is handed in. */
  readonly until: number;
}

export class Patience {
  readonly #firstMilliseconds: number;
  readonly #longestMilliseconds: number;
  #groups: Group[] = [];
  /** How long each waited last. */
  readonly #waited = new Map<bigint, number>();

  constructor(firstMilliseconds: number, longestMilliseconds: number) {
    this.#firstMilliseconds = firstMilliseconds;
    this.#longestMilliseconds = longestMilliseconds;
  }

  /** Has readings wait, each twice as long as the time before; returns whether any of them is new. */
  wait(ids: readonly bigint[], now: number): boolean {
    let isNew = false;
    const byPause = new Map<number, bigint[]>();
    for (const id of ids) {
      const last = this.#waited.get(id);
      isNew ||= last === undefined;
      const pause = last === undefined ? this.#firstMilliseconds : Math.min(2 * last, this.#longestMilliseconds);
      this.#waited.set(id, pause);
      byPause.set(pause, [...(byPause.get(pause) ?? []), id]);
    }
    for (const [pause, own] of byPause) this.#groups.push({ ids: own, until: now + pause });
    return isNew;
  }

  /** Those whose time is over; they are waited for no more. */
  due(now: number): bigint[] {
    const due = this.#groups.filter(({ until }) => until <= now);
    if (due.length > 0) this.#groups = this.#groups.filter(({ until }) => until > now);
    return due.flatMap(({ ids }) => ids);
  }

  /** When the next are due; undefined when none wait. */
  next(): number | undefined {
    return this.#groups.length === 0 ? undefined : Math.min(...this.#groups.map(({ until }) => until));
  }

  /** They are done with. */
  forget(ids: readonly bigint[]): void {
    for (const id of ids) this.#waited.delete(id);
  }
}
