/** Where ciphertext lives: content-addressed stores, several of them, none trusted. */
import { CommonwattError, isCommonwattError } from "../errors.js";
import { contentHash } from "./locator.js";

/** A store of ciphertext by its SHA-256. What it throws counts as unreachable, whatever it is. */
export interface ContentStore {
  /** For messages: a folder, an address. */
  readonly name: string;
  put(hash: string, ciphertext: Uint8Array): Promise<void>;
  /** Undefined when it has none. */
  get(hash: string): Promise<Uint8Array | undefined>;
  has(hash: string): Promise<boolean>;
  /** No complaint when it has none. */
  delete(hash: string): Promise<void>;
}

/** In memory, for tests and short lives. */
export class MemoryContents implements ContentStore {
  readonly name: string;
  readonly #contents = new Map<string, Uint8Array>();

  constructor(name = "memory") {
    this.name = name;
  }

  put(hash: string, ciphertext: Uint8Array): Promise<void> {
    this.#contents.set(hash, Uint8Array.from(ciphertext));
    return Promise.resolve();
  }

  get(hash: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#contents.get(hash));
  }

  has(hash: string): Promise<boolean> {
    return Promise.resolve(this.#contents.has(hash));
  }

  delete(hash: string): Promise<void> {
    this.#contents.delete(hash);
    return Promise.resolve();
  }
}

/** All replicas as one: writes to all of them, reads from the first that has it unaltered, and mends the others then. */
export class ReplicatedContents {
  readonly #replicas: readonly ContentStore[];

  constructor(replicas: readonly ContentStore[]) {
    this.#replicas = replicas;
  }

  /** To every replica; a version is not written while one is down. */
  async put(ciphertext: Uint8Array): Promise<string> {
    const hash = contentHash(ciphertext);
    if (this.#replicas.length === 0) throw new CommonwattError("VaultNoContentStore");
    await Promise.all(this.#replicas.map((store) => reached(store, () => store.put(hash, ciphertext))));
    return hash;
  }

  /** Unaltered, from whichever replica has it so. */
  async get(hash: string): Promise<Uint8Array> {
    const failed: { readonly store: ContentStore; readonly error: CommonwattError }[] = [];
    for (const store of this.#replicas) {
      try {
        const ciphertext = await unaltered(store, hash);
        await mend(hash, ciphertext, failed);
        return ciphertext;
      } catch (error) {
        if (!isCommonwattError(error)) throw error;
        failed.push({ store, error });
      }
    }
    throw failed.at(-1)?.error ?? new CommonwattError("VaultNoContentStore");
  }

  /** From every replica; the names of those that could not be reached. */
  async delete(hash: string): Promise<string[]> {
    const gone = await Promise.all(
      this.#replicas.map((store) =>
        store.delete(hash).then(
          () => undefined,
          () => store.name,
        ),
      ),
    );
    return gone.filter((name) => name !== undefined);
  }
}

async function unaltered(store: ContentStore, hash: string): Promise<Uint8Array> {
  const ciphertext = await reached(store, () => store.get(hash));
  if (ciphertext === undefined) throw new CommonwattError("VaultContentMissing", { hash, store: store.name });
  if (contentHash(ciphertext) !== hash) throw new CommonwattError("VaultContentAltered", { hash, store: store.name });
  return ciphertext;
}

/** Puts it back where it was missing or altered; a replica that is down stays so. */
async function mend(
  hash: string,
  ciphertext: Uint8Array,
  failed: readonly { readonly store: ContentStore; readonly error: CommonwattError }[],
): Promise<void> {
  const mendable = failed.filter(({ error }) => error.code !== "VaultStoreUnreachable");
  await Promise.all(mendable.map(({ store }) => store.put(hash, ciphertext).catch(() => undefined)));
}

async function reached<Result>({ name }: ContentStore, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw new CommonwattError("VaultStoreUnreachable", { store: name, reason: (error as Error).message });
  }
}
