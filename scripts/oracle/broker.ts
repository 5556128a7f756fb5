/** An MQTT broker in this process, on loopback, for simulations and tests. Its sessions live as long as it does. */
import { createServer, type AddressInfo } from "node:net";

import { Aedes } from "aedes";

/** A running broker. */
export interface Broker {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a broker at a port of loopback; 0 takes any free one. */
export async function startBroker(port = 0): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const server = createServer((socket) => aedes.handle(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      await new Promise<void>((resolve) => aedes.close(resolve));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
