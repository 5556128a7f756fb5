/** Hosts that are this machine itself. */
import { isIPv4 } from "node:net";

/** Whether only the machine itself reaches the host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
