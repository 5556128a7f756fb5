/** A JSON-RPC endpoint on loopback for a chain that lives in this process. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { InputError } from "../inputs/error.js";

/** What serves requests: the provider of a simulated chain. */
export interface RequestProvider {
  request(args: { method: string; params?: unknown[] }): Promise<unknown>;
}

export interface RpcServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The one address that the endpoints listen on: nobody outside this machine reaches simulated money. */
export const LOOPBACK = "127.0.0.1";

const MAX_BODY_BYTES = 32 * 1024 * 1024;
const LOOPBACK_HOSTS = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Serves the provider at a port of loopback; port 0 takes any free one. */
export async function serveRpc(provider: RequestProvider, port: number): Promise<RpcServer> {
  const server = createServer((request, response) => void handle(provider, request, response));
  await listen(server, port);
  const { port: actual } = server.address() as AddressInfo;
  return { url: `http://${LOOPBACK}:${actual}`, close: () => close(server) };
}

/** Refuses ports that are taken, before anything is made that needs them. */
export async function requireFreePorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer();
    await listen(server, port);
    await close(server);
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const advice = "End what listens there, or choose other ports with --port";
      reject(
        new InputError({ file: `port ${port}` }, `can't listen (${cause.code ?? cause.message})`, advice, { cause }),
      );
    });
    server.listen(port, LOOPBACK, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function handle(provider: RequestProvider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // a page in a browser must not reach the chain through a name that its owner points at loopback
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (!LOOPBACK_HOSTS.has(host)) return reply(response, 403, failure(null, -32600, "this endpoint is for loopback"));
  if (request.method !== "POST") return reply(response, 405, failure(null, -32600, "send JSON-RPC by POST"));
  // what a page of another site may send without asking first has never this type: no page mints simulated money
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return reply(response, 415, failure(null, -32600, "send application/json"));
  let body: unknown;
  try {
    body = JSON.parse(await readBody(request));
  } catch (error) {
    return reply(response, 400, failure(null, -32700, (error as Error).message));
  }
  const answer = Array.isArray(body)
    ? await Promise.all(body.map((call) => answerOne(provider, call)))
    : await answerOne(provider, body);
  reply(response, 200, answer);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`the request has more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
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
