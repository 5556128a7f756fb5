/**
 * The compose file: a service for each node's part in a chain. Containers share the host's network, so that all ports
 * are bound as the flags say, to loopback where nobody else has to reach them, and enodes are the same with and without
 * containers. A node's key is a secret from a file in memory, named when the services start. Permission agents are no
 * services: they need Node and this program, which Besu's image has not; `up` or units run them beside the containers.
 */
import { stringify } from "yaml";

import { besuArguments, type NodePaths } from "../besu-flags.js";
import { chainsOf, nodeOnChain, type ChainName, type NetworkFile, type NetworkNode } from "../network-file.js";
import { NODE_KEY_FILE, TLS_PASSWORD_FILE } from "../unlock.js";

/** Names the folder in memory that `network unlock` writes nodes' secrets into, each in NAME/CHAIN. */
export const UNLOCKED_VARIABLE = "COMMONWATT_UNLOCKED";
/** Whose the folder's files are, as `UID:GID`; the container's processes run as that user. */
export const USER_VARIABLE = "COMMONWATT_USER";

const INSIDE = "/network";
const SECRETS = "/run/secrets";
const STOP_SECONDS = 60;

/** The text of `compose.yaml`, which stands in the network's folder. */
export function composeText(network: NetworkFile): string {
  const parts = network.nodes.flatMap((node) =>
    chainsOf(network).flatMap((chain) => (node.chains[chain] === undefined ? [] : [{ node, chain }])),
  );
  const compose = {
    name: `commonwatt-${network.name}`,
    services: Object.fromEntries(
      parts.map(({ node, chain }) => [serviceName(node, chain), service(network, node, chain)]),
    ),
    secrets: Object.fromEntries(parts.flatMap(({ node, chain }) => secretsOf(network, node, chain))),
  };
  return `# Made by npm run network -- init. Start services by npm run network -- up, which unlocks their keys first.\n${stringify(compose, { lineWidth: 0 })}`;
}

/** The name of a node's part in a chain, for containers and units. */
export function serviceName(node: Pick<NetworkNode, "name">, chain: ChainName): string {
  return `${node.name}-${chain}`;
}

function service(network: NetworkFile, node: NetworkNode, chain: ChainName): object {
  const own = `./nodes/${node.name}/${chain}`;
  const paths: NodePaths = {
    genesis: `${INSIDE}/genesis.json`,
    data: `${INSIDE}/node/data`,
    nodeKey: `${SECRETS}/${NODE_KEY_FILE}`,
    permissions: `${INSIDE}/node/permissions.toml`,
    jwtPublic: `${INSIDE}/node/jwt-public.pem`,
    tlsKeystore: `${INSIDE}/node/tls.p12`,
    tlsPassword: `${SECRETS}/${TLS_PASSWORD_FILE}`,
  };
  const { rpcPort } = nodeOnChain(node, chain);
  // its RPC answers; bash's own way to ask, for the image has no curl. With TLS: that the port is open
  const question =
    network.tls === true ? "" : " && printf 'GET /liveness HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q ' 200 ' <&3";
  const secrets = secretsOf(network, node, chain);
  return {
    image: network.besu.image,
    network_mode: "host",
    user: `\${${USER_VARIABLE}:-1000:1000}`,
    entrypoint: ["/opt/besu/bin/besu"],
    command: besuArguments(network, node, chain, paths),
    // of all containers of a host; a share of its memory would be each one's
    environment: { BESU_OPTS: "${BESU_OPTS:--Xmx2g}" },
    volumes: [
      { type: "bind", source: `./${chain}/genesis.json`, target: paths.genesis, read_only: true },
      // Besu rewrites the permission file itself, by a new file in its place
      { type: "bind", source: own, target: `${INSIDE}/node` },
    ],
    secrets: secrets.map(([source]) => ({
      source,
      target: source.endsWith("-tls") ? TLS_PASSWORD_FILE : NODE_KEY_FILE,
    })),
    read_only: true,
    tmpfs: ["/tmp"],
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    restart: "unless-stopped",
    stop_grace_period: `${STOP_SECONDS}s`,
    healthcheck: {
      test: ["CMD", "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${rpcPort}${question}`],
      interval: "10s",
      timeout: "5s",
      retries: 6,
      start_period: "60s",
    },
  };
}

function secretsOf(network: NetworkFile, node: NetworkNode, chain: ChainName): [string, { file: string }][] {
  const name = serviceName(node, chain);
  const folder = `\${${UNLOCKED_VARIABLE}:?unlock the nodes' keys first}/${node.name}/${chain}`;
  const key: [string, { file: string }] = [`${name}-key`, { file: `${folder}/${NODE_KEY_FILE}` }];
  if (network.tls !== true) return [key];
  return [key, [`${name}-tls`, { file: `${folder}/${TLS_PASSWORD_FILE}` }]];
}
