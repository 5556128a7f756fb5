/** Lets so many actions run at once; the others wait, in their order. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(private readonly most: number) {}

  async pass<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await action();
    } finally {
      // who waited longest takes the place
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
