/** Hosts that are this machine itself. */
import { isIPv4 } from "node:net";

/** Where all nodes listen whose host is this machine itself. */
export const LOOPBACK = "127.0.0.1";

/** Whether only the machine itself reaches the host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** The first node on loopback, which means another machine on each machine, where others are elsewhere; undefined: there is none. */
export function strayLoopback(nodes: readonly { readonly host: string }[]): number | undefined {
  const first = nodes.findIndex(({ host }) => isLoopback(host));
  return first < 0 || nodes.every(({ host }) => isLoopback(host)) ? undefined : first;
}
