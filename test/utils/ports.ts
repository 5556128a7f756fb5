/** Ports of loopback for tests that serve chains. */
import { createServer, type AddressInfo } from "node:net";

/** The first of two ports in a row that nobody listens at. */
export async function twoFreePorts(): Promise<number> {
  for (;;) {
    const servers = [createServer(), createServer()];
    const [first, second] = servers;
    await new Promise<void>((resolve) => first?.listen(0, "127.0.0.1", resolve));
    const { port } = first?.address() as AddressInfo;
    const isFree = await new Promise<boolean>((resolve) => {
      second?.once("error", () => resolve(false));
      second?.listen(port + 1, "127.0.0.1", () => resolve(true));
    });
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    if (isFree && port < 65_000) return port;
  }
}
