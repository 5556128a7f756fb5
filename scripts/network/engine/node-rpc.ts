/** A node's RPC: one request at a time, with a token of the folder's, and TLS by the network's own authority. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

import { InputError } from "../../inputs/error.js";
import { rpcToken, rpcUrl, type ChainName, type NetworkFile, type NetworkNode } from "../network-file.js";
import { networkAuthority } from "../trust.js";

/** Nothing answered: not listening, not reachable, or too slow. */
export class NodeUnreachable extends InputError {
  constructor(url: string, cause: NodeJS.ErrnoException) {
    const [problem, advice] = troubleOf(cause);
    super({ file: url }, problem, advice, { cause });
  }
}

/** The node answered with an error. */
export class NodeRefused extends InputError {
  constructor(url: string, method: string, words: string, options: ErrorOptions = {}) {
    super({ file: url }, `the node refuses ${method}: ${words}`, "Look at network status and at its log", options);
  }
}

/** What the system's word for a failed connection means for who reads it. */
export function troubleOf({ code, message }: NodeJS.ErrnoException): readonly [problem: string, advice: string] {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return [`the host's name has no address here (${message})`, "Correct the name server, or network.json's host"];
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return [`the host can't be reached (${message})`, "Check that it is up, and the network and firewalls between"];
    case "ECONNREFUSED":
      return [`nothing listens there (${message})`, "Start the node on its host: network up"];
    case undefined:
    default:
      return [`the node does not answer (${message})`, "Look at network status and at its log"];
  }
}

const TIMEOUT_MILLISECONDS = 5_000;

export class NodeRpc {
  /** @param ca the certificate of the authority that vouches for the node, PEM; undefined: the system's authorities */
  constructor(
    readonly url: string,
    private readonly token: () => Promise<string>,
    private readonly ca: string | undefined,
    private readonly timeoutMilliseconds: number = TIMEOUT_MILLISECONDS,
  ) {}

  /** Asks; throws `NodeUnreachable` or `NodeRefused`. */
  async call<Result>(method: string, ...params: unknown[]): Promise<Result> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const { status, text } = await this.#post(body, await this.token());
    let answer: { result?: Result; error?: { message?: string } };
    try {
      answer = JSON.parse(text) as typeof answer;
    } catch (cause) {
      throw new NodeRefused(this.url, method, `HTTP ${status}, and no JSON`, { cause });
    }
    if (answer.error !== undefined) throw new NodeRefused(this.url, method, answer.error.message ?? "error");
    return answer.result as Result;
  }

  #post(body: string, token: string): Promise<{ status: number; text: string }> {
    const send = this.url.startsWith("https:") ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void => reject(new NodeUnreachable(this.url, cause));
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        authorization: `Bearer ${token}`,
      };
      const options = { method: "POST", headers, timeout: this.timeoutMilliseconds, agent: false as const };
      const sent = send(this.url, this.ca === undefined ? options : { ...options, ca: this.ca }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", fail);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") });
        });
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${this.timeoutMilliseconds} ms`)));
      sent.on("error", fail);
      sent.end(body);
    });
  }
}

/** Opens RPCs of a folder's nodes. */
export type RpcOf = (node: NetworkNode, chain: ChainName) => NodeRpc;

/** The RPCs of a folder's nodes. Tokens are made anew for each request: they end after minutes. */
export async function nodeRpcs(dir: string, network: NetworkFile): Promise<RpcOf> {
  const ca = await networkAuthority(dir, network);
  return (node, chain) => new NodeRpc(rpcUrl(network, node, chain), () => rpcToken(dir), ca);
}
