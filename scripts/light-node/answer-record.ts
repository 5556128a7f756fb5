/** The last answers of all peers, within bounds: where a lie is found, the answer that was one is still at hand. */
import type { Ask } from "./rpc-peer.js";

export interface RecordedAnswer {
  readonly peer: string;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly answer: unknown;
}

/** Characters of one answer's JSON, about, and of all that are kept: the node's heap is small. */
const MOST_OF_ONE = 2 * 2 ** 20;
const MOST_OF_ALL = 6 * 2 ** 20;
/** More than are under way at once to all peers. */
const MOST_ANSWERS = 512;
/** No honest answer has lists in lists as deep as this. */
const MOST_DEPTH = 16;
/** What a part takes in memory beside its characters. */
const PART_CHARACTERS = 32;

export class AnswerRecord {
  readonly #answers: { readonly recorded: RecordedAnswer; readonly size: number }[] = [];
  #size = 0;

  /** The same questions, with the answers remembered under the peer's name. Larger answers are not. */
  of(peer: string, ask: Ask): Ask {
    return async (method, params) => {
      const answer = await ask(method, params);
      const size = sizeOf(answer);
      if (size !== undefined) this.#keep({ peer, method, params, answer }, size);
      return answer;
    };
  }

  /** The newest last. */
  get answers(): RecordedAnswer[] {
    return this.#answers.map(({ recorded }) => recorded);
  }

  #keep(recorded: RecordedAnswer, size: number): void {
    this.#answers.push({ recorded, size });
    this.#size += size;
    while (this.#size > MOST_OF_ALL || this.#answers.length > MOST_ANSWERS)
      this.#size -= this.#answers.shift()?.size ?? 0;
  }
}

/** About as many characters as the JSON has; undefined for more than are kept. */
function sizeOf(answer: unknown): number | undefined {
  const open: [value: unknown, depth: number][] = [[answer, 0]];
  let size = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    size += PART_CHARACTERS + (typeof value === "string" ? value.length : 0);
    if (size > MOST_OF_ONE || depth > MOST_DEPTH) return undefined;
    if (typeof value !== "object" || value === null) continue;
    for (const [name, part] of Object.entries(value)) {
      if (!Array.isArray(value)) size += name.length;
      open.push([part, depth + 1]);
    }
  }
  return size;
}
