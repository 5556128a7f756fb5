/**
 * A network's folder as `npm run network -- init` makes it: `network.json`, which holds no secret, and where the rest
 * stands beside it. What runs, watches and joins a network reads this and nothing of how it was made.
 */
import { createPrivateKey, sign, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP, isIPv6 } from "node:net";
import { join } from "node:path";

import { getAddress, isAddress } from "ethers";
import { z } from "zod";

import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/error.js";
import { isLoopback, LOOPBACK, strayLoopback } from "./loopback-host.js";
import { refuseOverlaps } from "./overlaps.js";

export const NETWORK_VERSION = 1;
/** Where a network is looked for when no `--dir` is given. */
export const DEFAULT_NETWORK_FOLDER = "network/besu";
export const CHAIN_NAMES = ["transaction", "user"] as const;
/** With fewer nodes that keep all history, one disk can take it away. */
export const LEAST_HISTORY_KEEPERS = 2;

export type ChainName = (typeof CHAIN_NAMES)[number];

/** A name that is safe in a path, a unit's name, a container's and a certificate. */
export const nodeName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    "is no node name: a small letter, then small letters, digits and hyphens, 32 at most",
  );

/** Labels of letters, digits and hyphens; the last is no number, or it would be a malformed IPv4 address. */
const DNS_NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Where others reach a node: an IP address, or a DNS name in small letters. */
export const hostName = z
  .string()
  .refine((text) => isIP(text) !== 0 || DNS_NAME.test(text), "is neither an IP address nor a DNS name in small letters")
  .refine((text) => text !== "0.0.0.0" && text !== "::", "is every address of a machine, and none that others reach")
  // nodes there listen on this one, whose ports are then given once
  .refine((text) => !isLoopback(text) || text === LOOPBACK, `is this machine by another name: give ${LOOPBACK}`);

/** A container image that is pinned: by a tag, not the moving `latest`, or by its digest, or by both. */
export const imageName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]*(:\d{1,5}(?=\/))?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(?=[:@])(:(?!latest(@|$))\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
    "is no pinned image: NAME:TAG, not latest, or NAME@sha256:DIGEST",
  );

export const portNumber = z.number().int().min(1, "is no port").max(65_535, "is no port");

const address = z.string().refine((text) => isAddress(text) && getAddress(text) === text, "is no checksummed address");
const hash = z.string().regex(/^0x[0-9a-f]{64}$/, "is not a hash (0x and 64 lower-case hex digits)");
const whole = z.number().int().nonnegative();

const chainSchema = z.strictObject({
  chainId: whole.positive(),
  /** Unix seconds. */
  genesisTime: whole,
  genesisHash: hash,
});

const nodeOnChainSchema = z.strictObject({
  /** Of the node's key: what QBFT knows an accountant by. */
  address,
  /** The node's public key, without 0x. */
  enodeId: z.string().regex(/^[0-9a-f]{128}$/, "is not a public key of 128 lower-case hex digits"),
  p2pPort: portNumber,
  rpcPort: portNumber,
  metricsPort: portNumber,
  /** Where the node's permission agent tells its metrics and health, on loopback. */
  agentMetricsPort: portNumber,
  /** Posts digests of the lists in force. */
  agentAccount: address,
});

const nodeSchema = z.strictObject({
  name: nodeName,
  /** Its organisation's name. */
  member: z.string().min(1).max(64),
  role: z.enum(["accountant", "standby"]),
  host: hostName,
  /** FOREST keeps all history, for proofs; BONSAI about the last 512 blocks. */
  storage: z.enum(["FOREST", "BONSAI"]),
  chains: z.partialRecord(z.enum(CHAIN_NAMES), nodeOnChainSchema),
});

/** The zod schema of `network.json`. */
export const networkSchema = z
  .strictObject({
    version: z.literal(NETWORK_VERSION),
    name: z.string().min(1),
    besu: z.strictObject({ minimumVersion: z.string().min(1), image: imageName }),
    blockSeconds: whole.positive(),
    requestTimeoutSeconds: whole.positive(),
    /** Length of a market slot in seconds, which the election's terms go by; absent: 900. */
    slotSeconds: whole.positive().optional(),
    /** RPC over TLS, with `tls/ca.pem` and each node's `tls.p12`; absent: on loopback alone. */
    tls: z.boolean().optional(),
    chains: z.partialRecord(z.enum(CHAIN_NAMES), chainSchema),
    nodes: z.array(nodeSchema).min(1),
  })
  .superRefine((network, context) => {
    const complain = (path: (string | number)[], message: string): void => {
      context.addIssue({ code: "custom", path, message });
    };
    refuseOverlaps(network.nodes, complain);
    const stray = strayLoopback(network.nodes);
    if (stray !== undefined)
      complain(["nodes", stray, "host"], "is reached from its own machine alone, and others are on other machines");
    const chains = Object.keys(network.chains);
    if (chains.length === 0) complain(["chains"], "names no chain");
    network.nodes.forEach(({ chains: own }, index) => {
      for (const chain of Object.keys(own)) {
        if (!chains.includes(chain)) complain(["nodes", index, "chains", chain], "is no chain of this network");
      }
    });
    for (const chain of chains as ChainName[]) {
      const keepers = network.nodes.filter((node) => node.storage === "FOREST" && node.chains[chain] !== undefined);
      if (keepers.length >= LEAST_HISTORY_KEEPERS) continue;
      complain(["nodes"], `fewer than ${LEAST_HISTORY_KEEPERS} nodes keep the ${chain} chain's history (FOREST)`);
    }
  });

export type NetworkFile = z.infer<typeof networkSchema>;
export type NetworkNode = NetworkFile["nodes"][number];
export type NodeOnChain = NonNullable<NetworkNode["chains"][ChainName]>;

/** Reads a folder's `network.json`; a fault names the file, and the field by its path. */
export async function readNetworkFile(dir: string): Promise<NetworkFile> {
  const file = networkPath(dir);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const problem = `there is no network here (${(cause as Error).message})`;
    throw new InputError({ file }, problem, "Make one with npm run network -- init, or name its folder with --dir", {
      cause,
    });
  }
  return parseNetworkFile(text, file);
}

const RESTORE = "Restore the file that init wrote, or make the network anew";

/** The text of a `network.json` to a network; `advice` is for who can do something else about it. */
export function parseNetworkFile(text: string, file: string, advice = RESTORE): NetworkFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InputError({ file }, `this is no JSON (${(cause as Error).message})`, advice, { cause });
  }
  const result = networkSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue === undefined || issue.path.length === 0 ? "the top level" : `'${issue.path.join(".")}'`;
  throw new InputError({ file }, `${path}: ${issue?.message ?? "not valid"}`, advice);
}

/** Writes `network.json` in one step. */
export async function writeNetworkFile(dir: string, network: NetworkFile): Promise<void> {
  await writeFileAtOnce(networkPath(dir), `${JSON.stringify(network, null, 2)}\n`, 0o644);
}

/** The chains of a network, in the one order. */
export function chainsOf({ chains }: Pick<NetworkFile, "chains">): ChainName[] {
  return CHAIN_NAMES.filter((chain) => chains[chain] !== undefined);
}

/** What a node is on a chain; an `InputError` when it is none there. */
export function nodeOnChain(node: NetworkNode, chain: ChainName): NodeOnChain {
  const own = node.chains[chain];
  if (own !== undefined) return own;
  throw new InputError({ file: `node ${node.name}` }, `it has no part in the ${chain} chain`, "Name another chain");
}

/** The node of that name. */
export function nodeNamed({ nodes }: Pick<NetworkFile, "nodes">, name: string): NetworkNode {
  const node = nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) return node;
  const known = nodes.map((candidate) => candidate.name).join(", ");
  throw new InputError({ file: `node ${name}` }, "the network has no such node", `Known: ${known}`);
}

export function networkPath(dir: string): string {
  return join(dir, "network.json");
}

/** The folder of a node's part in a chain: key, permissions, JWT key, data, log. */
export function nodeFolder(dir: string, node: Pick<NetworkNode, "name">, chain: ChainName): string {
  return join(dir, "nodes", node.name, chain);
}

/** How peers name a node. Host names instead of addresses need Besu's `--Xdns-enabled`. */
export function enodeUrl(node: NetworkNode, chain: ChainName): string {
  const { enodeId, p2pPort } = nodeOnChain(node, chain);
  return `enode://${enodeId}@${bracketed(node.host)}:${p2pPort}`;
}

/** Where a node's RPC answers; without TLS on the node's own machine alone. */
export function rpcUrl(network: Pick<NetworkFile, "tls">, node: NetworkNode, chain: ChainName): string {
  const { rpcPort } = nodeOnChain(node, chain);
  return network.tls === true ? `https://${bracketed(node.host)}:${rpcPort}` : `http://127.0.0.1:${rpcPort}`;
}

function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** How long a token opens the RPC. */
const TOKEN_SECONDS = 600;

/** A token for the RPC of all of a folder's nodes; whoever asks longer makes another. */
export async function rpcToken(dir: string, seconds = TOKEN_SECONDS): Promise<string> {
  return tokenSignedBy(await rpcTokenKey(dir), Math.floor(Date.now() / 1000), seconds);
}

/** The key that tokens are signed with. */
export async function rpcTokenKey(dir: string): Promise<KeyObject> {
  const file = join(dir, "secrets", "jwt-private.pem");
  try {
    return createPrivateKey(await readFile(file));
  } catch (cause) {
    // the cause's own words never hold the key
    throw new InputError({ file }, "the RPC's key can't be read", "Only the folder that init made has it", { cause });
  }
}

/** A JSON web token (RFC 7519, RS256) with all permissions; `now` in Unix seconds. */
export function tokenSignedBy(key: KeyObject, now: number, seconds = TOKEN_SECONDS): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { permissions: ["*:*"], iat: now, exp: now + seconds };
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}
