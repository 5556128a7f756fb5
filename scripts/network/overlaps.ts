/** What no two nodes of a network may share: a name, a key, a port of one host, an agent's account. */

interface Placed {
  readonly name: string;
  readonly host: string;
  readonly chains: Readonly<
    Record<
      string,
      | {
          readonly address?: string;
          readonly agentAccount?: string;
          readonly p2pPort: number;
          readonly rpcPort: number;
          readonly metricsPort: number;
          readonly agentMetricsPort: number;
        }
      | undefined
    >
  >;
}

/** Told of each fault with the path of the later of the two. */
export type Complain = (path: (string | number)[], message: string) => void;

const PORTS = ["p2pPort", "rpcPort", "metricsPort", "agentMetricsPort"] as const;

/** Complains about everything that is there twice. */
export function refuseOverlaps(nodes: readonly Placed[], complain: Complain): void {
  const seen = new Map<string, string>();
  const once = (key: string, owner: string, path: (string | number)[], message: (other: string) => string): void => {
    const other = seen.get(key);
    if (other === undefined) seen.set(key, owner);
    else complain(path, message(other));
  };
  nodes.forEach(({ name, host, chains }, index) => {
    once(`name ${name}`, name, ["nodes", index, "name"], () => `the node ${name} is there twice`);
    for (const [chain, own] of Object.entries(chains)) {
      if (own === undefined) continue;
      const path = ["nodes", index, "chains", chain];
      const owner = `${name} (${chain} chain)`;
      for (const port of PORTS) {
        once(`port ${host} ${own[port]}`, `${owner}, ${port}`, [...path, port], (other) => {
          return `port ${own[port]} of ${host} is taken by ${other}`;
        });
      }
      for (const key of ["address", "agentAccount"] as const) {
        const value = own[key];
        if (value === undefined) continue;
        once(`address ${value}`, owner, [...path, key], (other) => `${value} is ${other}'s already`);
      }
    }
  });
}
