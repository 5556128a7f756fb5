/** A share store behind HTTP, asked with `fetch`: the client's side of share-wire.ts, for Node and browsers. */
import { hexlify } from "ethers";
import type { z } from "zod";

import { CommonwattError } from "../errors.js";
import { bytesOf } from "./bytes.js";
import type { RecordContracts } from "./chain.js";
import { fromStore, type ErasureReceipt, type GrantProof, type ShareStore, type SignedRequest } from "./share-store.js";
import {
  MAX_SHARE_MESSAGE_BYTES,
  refusalIn,
  shareAnswers,
  wireText,
  type ShareStoreAbout,
  type ShareVerb,
} from "./share-wire.js";

/** Where a store is, and who it is. */
export interface HttpShareStoreOptions {
  /** `https:`, or `http:` on this machine: answers hold shares in clear. */
  readonly url: string;
  /** The account that signs its receipts, known beforehand: nobody else's answer counts. */
  readonly account: string;
  readonly timeoutMilliseconds?: number;
}

const TIMEOUT_MILLISECONDS = 15_000;
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** A share store of another process. */
export class HttpShareStore implements ShareStore {
  readonly account: string;
  readonly #place: Place;

  constructor({ url, account, timeoutMilliseconds = TIMEOUT_MILLISECONDS }: HttpShareStoreOptions) {
    this.account = account;
    this.#place = { url: checkedUrl(url), timeoutMilliseconds };
  }

  get name(): string {
    return nameOf(this.#place.url);
  }

  async keep(request: SignedRequest, share: Uint8Array): Promise<void> {
    await this.#post("keep", shareAnswers.keep, { request, share: hexlify(share) });
  }

  async read(request: SignedRequest, proof?: GrantProof): Promise<Uint8Array> {
    const { share } = await this.#post("read", shareAnswers.read, { request, ...(proof && { proof }) });
    return bytesOf(share);
  }

  async forget(request: SignedRequest): Promise<ErasureReceipt> {
    return (await this.#post("forget", shareAnswers.forget, { request })).receipt;
  }

  async #post<Answer>(verb: ShareVerb, schema: z.ZodType<Answer>, body: object): Promise<Answer> {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: wireText(body) };
    return exchange(this.#place, verb, schema, init);
  }
}

/** Asks the store at a URL who it is; to be compared with what its keeper tells by another way. */
export async function aboutShareStore(
  url: string,
  timeoutMilliseconds: number = TIMEOUT_MILLISECONDS,
): Promise<ShareStoreAbout> {
  const place = { url: checkedUrl(url), timeoutMilliseconds };
  return fromStore({ name: nameOf(place.url) }, () => exchange(place, "", shareAnswers.about, {}));
}

/** The store at a URL by what it says of itself, refused where it keeps shares for other contracts. */
export async function openShareStore(
  url: string,
  contracts: Pick<RecordContracts, "chainId" | "personalRecords">,
): Promise<HttpShareStore> {
  const { account, chainId, personalRecords } = await aboutShareStore(url);
  const store = new HttpShareStore({ url, account });
  if (chainId === contracts.chainId && personalRecords === contracts.personalRecords) return store;
  throw new CommonwattError("VaultStoreOtherChain", { store: store.name, chainId, personalRecords });
}

interface Place {
  readonly url: URL;
  readonly timeoutMilliseconds: number;
}

/** A refusal is thrown as the error that the store told; anything else that is no answer as one that counts as unreachable. */
async function exchange<Answer>(
  { url, timeoutMilliseconds }: Place,
  path: string,
  schema: z.ZodType<Answer>,
  init: RequestInit,
): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMilliseconds);
  const target = `${nameOf(url).replace(/\/$/, "")}/${path}`;
  let response: Response;
  try {
    response = await fetch(target, { ...init, signal, redirect: "error", credentials: "omit" });
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  }
  const body = await bodyOf(response);
  if (!response.ok) throw refusalIn(body) ?? new Error(`it answered with status ${response.status}`);
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Error("its answer is not of the form that this version knows");
  return parsed.data;
}

/** No more of it than an answer can be long; undefined where it is no JSON. */
async function bodyOf(response: Response): Promise<unknown> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    const chunk = part.value as Uint8Array;
    bytes += chunk.length;
    if (bytes > MAX_SHARE_MESSAGE_BYTES) {
      await reader?.cancel();
      throw new Error("its answer is too long");
    }
    text += decoder.decode(chunk, { stream: true });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK_HOSTS.has(url.hostname));
  if (url === undefined || !isSafe) {
    throw new CommonwattError("VaultStoreAddressInvalid", { url: url === undefined ? text : nameOf(url) });
  }
  return url;
}

/** Without what else an address may carry. */
function nameOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { readonly code?: unknown } };
  return typeof cause?.code === "string" ? cause.code : message;
}
