/** Metrics in Prometheus' text format at `/metrics` and health as JSON at `/health`, on loopback. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

import { closeServer, isLoopbackName, listenOnLoopback } from "./networks/loopback.js";

/** What a service shows at a moment. */
export interface Exposition {
  /** The text exposition format. */
  metrics(): string;
  health(): { readonly status: "ok" | "failing" };
}

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves them at that port; 0: any free one. `chosenWith`: what names another port. */
export async function serveExposition(port: number, chosenWith: string, shown: Exposition): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    try {
      answer(request, response, shown);
    } catch {
      response.writeHead(500).end(); // what is shown may be closing, or locked: the next scrape may succeed
    }
  });
  const url = await listenOnLoopback(server, port, chosenWith);
  return { url, close: () => closeServer(server) };
}

function answer(request: IncomingMessage, response: ServerResponse, shown: Exposition): void {
  if (!isLoopbackName(request)) return void response.writeHead(403).end();
  if (request.method !== "GET") return void response.writeHead(405).end();
  if (request.url === "/metrics") {
    const text = shown.metrics();
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
  } else if (request.url === "/health") {
    const health = shown.health();
    response.writeHead(health.status === "ok" ? 200 : 503, { "content-type": "application/json" });
    response.end(`${JSON.stringify(health)}\n`);
  } else response.writeHead(404).end();
}

/** A metric's lines, its name after the service's prefix. */
export type Metric = (
  name: string,
  type: "gauge" | "counter",
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
) => string;

export function expositionOf(prefix: string): Metric {
  return (name, type, help, samples) => {
    const full = `${prefix}_${name}`;
    const lines = samples.map(([labels, value]) => `${full}${labels} ${value}\n`).join("");
    return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines}`;
  };
}
