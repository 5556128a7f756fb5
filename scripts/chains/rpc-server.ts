/** A JSON-RPC endpoint on loopback for a chain that lives in this process. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

import { Gate } from "../gate.js";
import { closeServer, isLoopbackName, listenOnLoopback, readBody } from "../networks/loopback.js";

/** What serves requests: the provider of a simulated chain. */
export interface RequestProvider {
  request(args: { method: string; params?: unknown[] }): Promise<unknown>;
}

export interface RpcServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What one request may be, and how much is done at once. */
export interface RpcLimits {
  readonly bodyBytes: number;
  /** Calls of a batch. */
  readonly batch: number;
  /** Calls that are answered at once, of all requests. */
  readonly atOnce: number;
}

const WIDE_LIMITS: RpcLimits = { bodyBytes: 32 * 1024 * 1024, batch: Infinity, atOnce: Infinity };

/** Serves the provider at a port of loopback; port 0 takes any free one. */
export async function serveRpc(
  provider: RequestProvider,
  port: number,
  limits: RpcLimits = WIDE_LIMITS,
): Promise<RpcServer> {
  const gate = new Gate(limits.atOnce);
  const gated: RequestProvider = { request: (call) => gate.pass(() => provider.request(call)) };
  const server = createServer((request, response) => void handle(gated, limits, request, response));
  return { url: await listenOnLoopback(server, port), close: () => closeServer(server) };
}

/** Refuses ports that are taken, before anything is made that needs them. */
export async function requireFreePorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer();
    await listenOnLoopback(server, port);
    await closeServer(server);
  }
}

async function handle(
  provider: RequestProvider,
  limits: RpcLimits,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // a page in a browser must not reach the chain through a name that its owner points at loopback
  if (!isLoopbackName(request)) return reply(response, 403, failure(null, -32600, "this endpoint is for loopback"));
  if (request.method !== "POST") return reply(response, 405, failure(null, -32600, "send JSON-RPC by POST"));
  // what a page of another site may send without asking first has never this type: no page mints simulated money
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return reply(response, 415, failure(null, -32600, "send application/json"));
  let body: unknown;
  try {
    body = JSON.parse(await readBody(request, limits.bodyBytes));
  } catch (error) {
    return reply(response, 400, failure(null, -32700, (error as Error).message));
  }
  if (Array.isArray(body) && body.length > limits.batch) {
    return reply(response, 413, failure(null, -32600, `a batch has ${limits.batch} calls at most`));
  }
  const answer = Array.isArray(body)
    ? await Promise.all(body.map((call) => answerOne(provider, call)))
    : await answerOne(provider, body);
  reply(response, 200, answer);
}

async function answerOne(provider: RequestProvider, call: unknown): Promise<object> {
  const {
    id = null,
    method,
    params,
  } = (typeof call === "object" && call !== null ? call : {}) as {
    id?: unknown;
    method?: unknown;
    params?: unknown;
  };
  if (typeof method !== "string") return failure(id, -32600, "no method");
  try {
    const result = await provider.request(Array.isArray(params) ? { method, params } : { method });
    return { jsonrpc: "2.0", id, result };
  } catch (error) {
    const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
    return failure(id, typeof code === "number" ? code : -32603, String(message), data);
  }
}

function failure(id: unknown, code: number, message: string, data?: unknown): object {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
