/**
 * Two systemd units for each node's part in a chain: Besu, for hosts without containers, and its permission agent. Where
 * things stand on such a host: docs/operations.md.
 */
import { besuArguments, type NodePaths } from "../besu-flags.js";
import { type ChainName, type NetworkFile, type NetworkNode } from "../network-file.js";
import { NODE_KEY_FILE, TLS_PASSWORD_FILE } from "../unlock.js";
import { serviceName } from "./compose.js";

/** This program, Besu, the network's folder and the password's file on a host. */
export const PROGRAM = "/opt/commonwatt";
export const BESU = "/opt/besu/bin/besu";
/** The bundled Node. */
export const NODE = `${PROGRAM}/node_modules/node/bin/node`;
export const PASSWORD_FILE = "/etc/commonwatt/network.password";
/** The host's own settings of Besu's process, where there are any: `BESU_OPTS=-Xmx2g`. */
const BESU_SETTINGS = "/etc/commonwatt/besu.env";
export function installedFolder(network: Pick<NetworkFile, "name">): string {
  return `/var/lib/commonwatt/${network.name}`;
}

const USER = "commonwatt";
const MADE = "# Made by npm run network -- init.";
/** systemd reads the password's file as root, and shows it to the unit alone. */
const AS_USER = [`User=${USER}`, `Group=${USER}`, `LoadCredential=password:${PASSWORD_FILE}`];
const IN_PROGRAM = [
  `WorkingDirectory=${PROGRAM}`,
  // what the bundled Node is found by
  `Environment=PATH=${PROGRAM}/node_modules/.bin:/usr/local/bin:/usr/bin:/bin`,
  "Environment=COMMONWATT_NETWORK_PASSWORD_FILE=%d/password",
];
const INSTALLED = ["", "[Install]", "WantedBy=multi-user.target", ""];
/** What neither a node nor its agent needs. */
const HARDENING = [
  "UMask=0077",
  "NoNewPrivileges=yes",
  "CapabilityBoundingSet=",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "ProtectKernelTunables=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelLogs=yes",
  "ProtectControlGroups=yes",
  "ProtectClock=yes",
  "ProtectHostname=yes",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
];

/** The unit's file name. */
export function unitName(network: Pick<NetworkFile, "name">, node: NetworkNode, chain: ChainName): string {
  return `commonwatt-${network.name}-${serviceName(node, chain)}.service`;
}

/** The text of a unit. systemd itself hands over the password, and keeps the key in memory while the unit runs. */
export function unitText(network: NetworkFile, node: NetworkNode, chain: ChainName): string {
  const folder = installedFolder(network);
  const own = `${folder}/nodes/${node.name}/${chain}`;
  const runtime = `commonwatt/${network.name}/${serviceName(node, chain)}`;
  const paths: NodePaths = {
    genesis: `${folder}/${chain}/genesis.json`,
    data: `${own}/data`,
    nodeKey: `/run/${runtime}/${NODE_KEY_FILE}`,
    permissions: `${own}/permissions.toml`,
    jwtPublic: `${own}/jwt-public.pem`,
    tlsKeystore: `${own}/tls.p12`,
    tlsPassword: `/run/${runtime}/${TLS_PASSWORD_FILE}`,
  };
  const unlock = [
    `${PROGRAM}/node_modules/.bin/tsx ${PROGRAM}/scripts/network/index.ts unlock ${node.name}`,
    `--chain ${chain} --dir ${folder} --to /run/${runtime}`,
  ];
  return [
    MADE,
    "[Unit]",
    `Description=Besu of ${node.name} on the ${chain} chain of the Commonwatt network ${network.name}`,
    "Wants=network-online.target",
    "After=network-online.target",
    "",
    "[Service]",
    ...AS_USER,
    `RuntimeDirectory=${runtime}`,
    "RuntimeDirectoryMode=0700",
    ...IN_PROGRAM,
    `EnvironmentFile=-${BESU_SETTINGS}`,
    `ExecStartPre=${continued(unlock)}`,
    `ExecStart=${continued([BESU, ...besuArguments(network, node, chain, paths)])}`,
    "Restart=on-failure",
    "RestartSec=5",
    "TimeoutStartSec=120",
    "TimeoutStopSec=60",
    // Besu ends so on SIGTERM
    "SuccessExitStatus=143",
    "LimitNOFILE=65536",
    `ReadWritePaths=${own}`,
    ...HARDENING,
    ...INSTALLED,
  ].join("\n");
}

/** The file name of the agent's unit; all of a host: `systemctl status 'commonwatt-NAME-agent@*'`. */
export function agentUnitName(network: Pick<NetworkFile, "name">, node: NetworkNode, chain: ChainName): string {
  return `commonwatt-${network.name}-agent@${serviceName(node, chain)}.service`;
}

/** The text of the agent's unit. The agent waits by itself for the node, whatever runs it, and for the deployment file. */
export function agentUnitText(network: NetworkFile, node: NetworkNode, chain: ChainName): string {
  const command = [
    `${NODE} --import tsx ${PROGRAM}/scripts/network/index.ts agent --node ${node.name}`,
    `--chain ${chain} --dir ${installedFolder(network)}`,
  ];
  return [
    MADE,
    "[Unit]",
    `Description=Permission agent of ${node.name} on the ${chain} chain of the Commonwatt network ${network.name}`,
    "Wants=network-online.target",
    `After=network-online.target ${unitName(network, node, chain)}`,
    "",
    "[Service]",
    ...AS_USER,
    ...IN_PROGRAM,
    `ExecStart=${continued(command)}`,
    "Restart=on-failure",
    // bad input stays bad: a failed unit is seen
    "RestartPreventExitStatus=2",
    "RestartSec=5",
    "TimeoutStopSec=30",
    ...HARDENING,
    ...INSTALLED,
  ].join("\n");
}

function continued(words: readonly string[]): string {
  return words.join(" \\\n  ");
}
