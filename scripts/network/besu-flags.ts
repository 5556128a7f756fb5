/** The command line of a node: one list for processes, containers and units. No secret is in it. */
import { isIP } from "node:net";

import { isLoopback, LOOPBACK } from "./loopback-host.js";
import { nodeOnChain, type ChainName, type NetworkFile, type NetworkNode } from "./network-file.js";

/** Where a node finds its files; paths as the node's process sees them. */
export interface NodePaths {
  readonly genesis: string;
  readonly data: string;
  /** The key as Besu wants it, in hex: on a file system in memory alone (unlock.ts). */
  readonly nodeKey: string;
  readonly permissions: string;
  readonly jwtPublic: string;
  /** With TLS: the PKCS #12 file, and its password, in memory too. */
  readonly tlsKeystore: string;
  readonly tlsPassword: string;
}

/** What the RPC serves, to bearers of a token. */
const RPC_APIS = "ETH,NET,WEB3,QBFT,ADMIN,DEBUG,TRACE,TXPOOL,PERM";

/** Besu's flags for a node's part in a chain. */
export function besuArguments(network: NetworkFile, node: NetworkNode, chain: ChainName, paths: NodePaths): string[] {
  const { p2pPort, rpcPort, metricsPort } = nodeOnChain(node, chain);
  const isLocal = isLoopback(node.host);
  const named = network.nodes.some(({ host }) => isIP(host) === 0);
  return [
    `--genesis-file=${paths.genesis}`,
    `--data-path=${paths.data}`,
    `--data-storage-format=${node.storage}`,
    `--node-private-key-file=${paths.nodeKey}`,
    `--p2p-host=${node.host}`,
    `--p2p-interface=${isLocal ? LOOPBACK : "0.0.0.0"}`,
    `--p2p-port=${p2pPort}`,
    // peers are added by the agents, and by nobody else
    "--discovery-enabled=false",
    "--nat-method=NONE",
    ...(isLocal ? ["--net-restrict=127.0.0.0/8"] : []),
    ...(named ? ["--Xdns-enabled=true", "--Xdns-update-enabled=true"] : []),
    "--sync-mode=FULL",
    "--rpc-http-enabled",
    `--rpc-http-host=${network.tls === true && !isLocal ? "0.0.0.0" : LOOPBACK}`,
    `--rpc-http-port=${rpcPort}`,
    `--rpc-http-api=${RPC_APIS}`,
    "--rpc-http-authentication-enabled",
    `--rpc-http-authentication-jwt-public-key-file=${paths.jwtPublic}`,
    ...(network.tls === true
      ? [
          "--rpc-http-tls-enabled",
          `--rpc-http-tls-keystore-file=${paths.tlsKeystore}`,
          `--rpc-http-tls-keystore-password-file=${paths.tlsPassword}`,
        ]
      : []),
    `--host-allowlist=${[...new Set(["localhost", LOOPBACK, node.host])].join(",")}`,
    "--permissions-accounts-config-file-enabled",
    `--permissions-accounts-config-file=${paths.permissions}`,
    "--permissions-nodes-config-file-enabled",
    `--permissions-nodes-config-file=${paths.permissions}`,
    "--metrics-enabled",
    `--metrics-host=${LOOPBACK}`,
    `--metrics-port=${metricsPort}`,
    "--min-gas-price=0",
    // of one sender as many as it likes: a relayer settles a city
    "--tx-pool=sequenced",
    "--tx-pool-limit-by-account-percentage=1",
    "--revert-reason-enabled",
  ];
}
