/** Making a network's folder: everything is made beside it, and renamed when all is there. */
import { lstat, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { marketParameters, type ElectionParameters } from "../../../deploy/parameters.js";
import { InputError } from "../../inputs/error.js";
import { genesisPath, makeGenesis, predeployedPath, type GenesisSource } from "../genesis/predeployed-file.js";
import { networkPath, NETWORK_VERSION, parseNetworkFile, type ChainName, type NetworkFile } from "../network-file.js";
import { ALWAYS_FILE, alwaysText } from "../agent/always.js";
import { OPERATOR_NAMES } from "../operators.js";
import { composeText } from "./compose.js";
import { hidden, shown, writeNew, type Files } from "./files.js";
import { drawnKeys, seededKeys } from "./key-source.js";
import { keyNamed, keystoresOf, makeKeys, nodeIdentity, type NetworkKeys } from "./keys.js";
import { nodeFiles } from "./node-files.js";
import type { PlannedNode } from "./plan.js";
import { prometheusFiles } from "./prometheus.js";
import { makeRsaKeys } from "./rsa-keys.js";
import { makeAuthority } from "./tls.js";

/** The oldest Besu whose genesis, permissions and RPC are as here. */
const MINIMUM_VERSION = "26.4.0";
/** What runs where containers do, unless another is named. */
const IMAGE = "hyperledger/besu:26.8.0";
/** The contracts count in blocks of this length (ElectionStore.sol). */
const BLOCK_SECONDS = 2;

export interface InitOptions {
  readonly out: string;
  readonly name: string;
  readonly chains: readonly ChainName[];
  readonly nodes: readonly PlannedNode[];
  /** Of the transaction chain; the user chain has the next one. */
  readonly chainId: number;
  /** Unix seconds of block 0. */
  readonly genesisTime: number;
  readonly slotSeconds: number;
  readonly tls: boolean;
  /** Of Besu's container, pinned by tag or digest; absent: the default one. */
  readonly image?: string | undefined;
  /** Of a block; absent: the default one. */
  readonly blockGasLimit?: number | undefined;
  /** Absent: keys are drawn. */
  readonly seed?: number;
  readonly password: string;
}

/** Refuses a folder that is there. */
export async function requireNewFolder(out: string): Promise<void> {
  const found = await lstat(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new InputError({ file: out }, `it can't be made (${error.message})`, "Name another folder", { cause: error });
  });
  if (found === undefined) return;
  const advice = "Name a new one with --out; a network's keys are never written over";
  throw new InputError({ file: out }, "it is there already", advice);
}

/** Makes the folder; the network as it is in `network.json`. */
export async function initNetwork(options: InitOptions): Promise<NetworkFile> {
  const out = resolve(options.out);
  await requireNewFolder(out);
  // first, for it takes seconds: who breaks it off then leaves nothing
  const { network, files } = await filesOf(options);
  const parent = dirname(out);
  await mkdir(parent, { recursive: true });
  const beside = await mkdtemp(join(parent, `.${basename(out)}-`));
  try {
    for (const [path, file] of files) await writeNew(join(beside, path), file);
    await requireNewFolder(out);
    await rename(beside, out);
    return network;
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}

async function filesOf(options: InitOptions): Promise<{ network: NetworkFile; files: Files }> {
  const { chains, nodes, seed, password } = options;
  const source = seed === undefined ? drawnKeys() : seededKeys(seed);
  const keys = makeKeys(source, chains, nodes);
  const election = await electionOf(options);
  const files: Files = new Map();
  const hashes = new Map<ChainName, string>();
  for (const chain of chains) {
    const { genesis, predeployed, hash } = await makeGenesis(genesisSource(options, chain, keys, election));
    files.set(genesisPath("", chain), shown(genesis));
    files.set(predeployedPath("", chain), shown(predeployed));
    hashes.set(chain, hash);
  }
  const network = networkOf(options, keys, election, hashes);
  files.set(networkPath(""), shown(`${JSON.stringify(network, null, 2)}\n`));
  for (const [file, text] of await keystoresOf("", keys, source, password)) files.set(file, hidden(text));
  files.set(ALWAYS_FILE, shown(alwaysText(operatorsOf(keys))));
  await addNodeFiles(files, options, network, keys);
  files.set("compose.yaml", shown(composeText(network)));
  for (const [file, text] of prometheusFiles(network)) files.set(file, shown(text));
  return { network, files };
}

async function addNodeFiles(
  files: Files,
  { tls, genesisTime }: InitOptions,
  network: NetworkFile,
  keys: NetworkKeys,
): Promise<void> {
  const tokens = await makeRsaKeys();
  files.set(join("secrets", "jwt-private.pem"), hidden(tokens.privateKey));
  // a certificate's time is the wall's, whenever the chain began
  const now = new Date(Math.max(Date.now(), genesisTime * 1000));
  const authority = tls ? await makeAuthority(network.name, now) : undefined;
  if (authority !== undefined) {
    files.set(join("secrets", "ca-private.pem"), hidden(authority.keyPem));
    files.set(join("tls", "ca.pem"), shown(authority.certificatePem));
  }
  const accounts = Object.fromEntries(
    Object.entries(keys).map(([chain, own]) => [chain, [...own.accounts.values()].map(({ address }) => address)]),
  );
  const options = { keys, tokenKey: tokens.publicKey, authority, now, accounts };
  for (const node of network.nodes) {
    for (const [path, file] of await nodeFiles(network, node, options)) files.set(path, file);
  }
}

/** Addresses by name and chain. */
function operatorsOf(keys: NetworkKeys): Parameters<typeof alwaysText>[0] {
  return Object.fromEntries(
    Object.entries(keys).map(([chain, { accounts }]) => {
      const names = OPERATOR_NAMES[chain as ChainName];
      return [chain, new Map(names.map((name) => [name, keyNamed(accounts, name).address]))];
    }),
  );
}

/** The terms of the election: the market's for that slot length, with a seat for each accountant that founds it. */
async function electionOf({ slotSeconds, nodes }: InitOptions): Promise<ElectionParameters> {
  const { election } = await marketParameters(slotSeconds);
  const accountants = nodes.filter(({ role }) => role === "accountant").length;
  return { ...election, seats: Math.max(election.seats, accountants) };
}

function genesisSource(
  options: InitOptions,
  chain: ChainName,
  keys: NetworkKeys,
  election: ElectionParameters,
): GenesisSource {
  const own = keys[chain];
  if (own === undefined) throw new Error(`no keys of the ${chain} chain were made`);
  const { epochBlocks, seats, turnoutFloorBps, unlockSeconds, trustingSeconds, founderWeight, voterBps } = election;
  const founders = options.nodes
    .filter(({ role }) => role === "accountant")
    .map(({ name }) => ({
      member: keyNamed(own.accounts, name).address,
      node: keyNamed(own.nodes, name).address,
    }))
    .sort((a, b) => (BigInt(a.node) < BigInt(b.node) ? -1 : 1));
  return {
    chain,
    chainId: chainIdOf(options, chain),
    genesisTime: options.genesisTime,
    blockSeconds: BLOCK_SECONDS,
    requestTimeoutSeconds: election.timeoutSeconds,
    ...(options.blockGasLimit === undefined ? {} : { blockGasLimit: options.blockGasLimit }),
    deployer: keyNamed(own.accounts, "deployer").address,
    election: {
      ...{ epochBlocks, seats, turnoutFloorBps, unlockSeconds, trustingSeconds, founderWeight, voterBps },
      // the user chain has no credits to deposit
      minimumDepositMicro: chain === "user" ? 0n : election.minimumDepositMicro,
    },
    founders,
  };
}

function chainIdOf({ chainId }: InitOptions, chain: ChainName): number {
  return chain === "transaction" ? chainId : chainId + 1;
}

function networkOf(
  options: InitOptions,
  keys: NetworkKeys,
  election: ElectionParameters,
  hashes: ReadonlyMap<ChainName, string>,
): NetworkFile {
  const { name, chains, nodes, genesisTime, slotSeconds, tls, image = IMAGE } = options;
  const network = {
    version: NETWORK_VERSION,
    name,
    besu: { minimumVersion: MINIMUM_VERSION, image },
    blockSeconds: BLOCK_SECONDS,
    requestTimeoutSeconds: election.timeoutSeconds,
    slotSeconds,
    ...(tls ? { tls } : {}),
    chains: Object.fromEntries(
      chains.map((chain) => {
        return [chain, { chainId: chainIdOf(options, chain), genesisTime, genesisHash: hashes.get(chain) }];
      }),
    ),
    nodes: nodes.map((node) => {
      const { ports, ...rest } = node;
      const onChain = (chain: ChainName): object => ({ ...nodeIdentity(known(keys[chain]), node), ...ports[chain] });
      return { ...rest, chains: Object.fromEntries(chains.map((chain) => [chain, onChain(chain)])) };
    }),
  };
  // by the reader's own eyes: what init writes, all others take
  return parseNetworkFile(JSON.stringify(network), "network.json");
}

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("a chain of the network has no keys");
  return value;
}
