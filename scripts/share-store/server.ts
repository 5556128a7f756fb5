/** A share store behind HTTP on loopback: the server's side of sdk/vault/share-wire.ts. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

import { getBytes } from "ethers";
import type { z } from "zod";

import { CommonwattError } from "../../sdk/errors.js";
import {
  MAX_SHARE_MESSAGE_BYTES,
  refusalBody,
  SHARE_STORE_FORMAT,
  shareBodies,
  wireText,
  type RecordContracts,
  type ShareStore,
  type ShareStoreAbout,
  type ShareVerb,
} from "../../sdk/vault/index.js";
import { closeServer, listenOnLoopback, readBody } from "../networks/loopback.js";

/** What is served. */
export interface ServedShares {
  readonly keeper: ShareStore;
  readonly contracts: RecordContracts;
  readonly port: number;
  /** Told of failures that are no refusals: the chain can't be reached, the disk is full. */
  readonly onFailure?: (error: unknown) => void;
}

export interface ShareServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Slow senders hold no connection open. */
const REQUEST_TIMEOUT_MILLISECONDS = 10_000;
const MAX_CONNECTIONS = 256;

/**
 * Pages of any origin may ask: a request speaks for itself by its signature, and nothing else, no cookie and no place in the network, gives
 * it any right.
 */
const HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "content-type",
} as const;

/** Serves at a port of loopback; port 0 takes any free one. */
export async function serveShares(served: ServedShares): Promise<ShareServer> {
  const options = { requestTimeout: REQUEST_TIMEOUT_MILLISECONDS, connectionsCheckingInterval: 1_000 };
  const server = createServer(options, (request, response) => void handle(served, request, response));
  server.maxConnections = MAX_CONNECTIONS;
  return { url: await listenOnLoopback(server, served.port), close: () => closeServer(server) };
}

async function handle(served: ServedShares, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    reply(response, ...(await answer(served, request)));
  } catch (error) {
    const refusal = refusalBody(error);
    if (refusal === undefined) served.onFailure?.(error);
    // what failed here is the keeper's to know: an asker learns only that it did
    reply(response, refusal === undefined ? 503 : 403, refusal ?? {});
  }
}

type Answer = readonly [status: number, body: object];

async function answer({ keeper, contracts }: ServedShares, request: IncomingMessage): Promise<Answer> {
  const verb = (request.url ?? "").slice(1);
  if (request.method === "OPTIONS") return [204, {}];
  if (request.method === "GET" && verb === "") return [200, aboutOf(keeper, contracts)];
  if (request.method !== "POST" || !isVerb(verb)) throw malformed("ask GET /, POST /keep, /read or /forget");
  return [200, await ask(keeper, verb, await jsonOf(request))];
}

async function ask(keeper: ShareStore, verb: ShareVerb, body: unknown): Promise<object> {
  switch (verb) {
    case "keep": {
      const { request, share } = checked(shareBodies.keep, body);
      await keeper.keep(request, getBytes(share));
      return {};
    }
    case "read": {
      const { request, proof } = checked(shareBodies.read, body);
      return { share: `0x${Buffer.from(await keeper.read(request, proof)).toString("hex")}` };
    }
    case "forget":
      return { receipt: await keeper.forget(checked(shareBodies.forget, body).request) };
  }
}

function aboutOf({ account }: ShareStore, { chainId, personalRecords }: RecordContracts): ShareStoreAbout {
  return { format: SHARE_STORE_FORMAT, account, chainId, personalRecords };
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  let text: string;
  try {
    text = await readBody(request, MAX_SHARE_MESSAGE_BYTES);
  } catch (error) {
    throw malformed((error as Error).message);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // without the parser's message, which quotes the body: it may hold a share
    throw malformed("it is no JSON");
  }
}

/** Which field is wrong, without what stood there. */
function checked<Body>(schema: z.ZodType<Body>, body: unknown): Body {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(`${issue?.path.join(".") || "it"} has ${issue?.message ?? "another form"}`);
}

function malformed(reason: string): CommonwattError {
  return new CommonwattError("VaultRequestMalformed", { reason });
}

function isVerb(text: string): text is ShareVerb {
  return Object.hasOwn(shareBodies, text);
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, HEADERS).end(status === 204 ? undefined : wireText(body));
}
