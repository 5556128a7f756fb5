/** HTTP servers on loopback: nobody outside this machine reaches them, unless somebody puts a proxy before them on purpose. */
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";

import { InputError } from "../inputs/error.js";
import { LOOPBACK } from "../network/loopback-host.js";

const LOOPBACK_NAMES: ReadonlySet<string> = new Set([LOOPBACK, "localhost", "[::1]"]);

/** Listens at a port of loopback, any free one for port 0; the address. `chosenWith`: what names another port. */
export async function listenOnLoopback(server: Server, port: number, chosenWith = "--port"): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const advice = `End what listens there, or choose another port with ${chosenWith}`;
      reject(
        new InputError({ file: `port ${port}` }, `can't listen (${cause.code ?? cause.message})`, advice, { cause }),
      );
    });
    server.listen(port, LOOPBACK, resolve);
  });
  return `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`;
}

/** Ends the server with all its connections. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Whether the request names loopback: a page in a browser may come through another name that its owner points here. */
export function isLoopbackName({ headers }: IncomingMessage): boolean {
  return LOOPBACK_NAMES.has((headers.host ?? "").replace(/:\d+$/, ""));
}

/** The body as text; an error when it is longer than that many bytes. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the request has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
