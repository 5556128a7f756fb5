/** From a command's options to a chain's rules, peers, database and a trusted start. */
import {
  chainRules,
  headerOf,
  isFresh,
  packedSetLayout,
  proofOfSet,
  requireSignatures,
  trustCheckpoint,
  type CertificateSource,
  type ChainRules,
  type TrustedHeader,
} from "../../light/index.js";
import type { Deployment } from "../../sdk/deployments/index.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { eventDecoder, genesisLogsOf } from "../../sdk/events.js";
import { readDeployment } from "../../sdk/node/deployments.js";
import { CertificateStore } from "../accountants/certificates.js";
import { identityOf } from "../audit/evidence/collect.js";
import type { EvidenceIdentity } from "../audit/evidence/file.js";
import { InputError } from "../inputs/error.js";
import { deploymentFileOf } from "../networks/served.js";
import type { Print } from "../run.js";
import { AnswerRecord } from "./answer-record.js";
import { fastestRecover } from "./fastest-recover.js";
import { LieKeeper } from "./lie-keeper.js";
import { Peers, type PeerLie } from "./peers.js";
import { httpAsk, RpcPeer } from "./rpc-peer.js";
import { checkpointIn, genesisIn, readJson, readMembers } from "./start-files.js";
import { LightStore } from "./store.js";

/** Two thirds of what the election locks stakes for (docs/light-node.md). */
export const TRUSTING_SECONDS = 1_209_600n;

export interface ChainOptions {
  readonly network: string;
  readonly chain: "transaction" | "user";
  readonly rpc?: readonly string[];
  readonly db: string;
  /** Absent: as the deployment file says, or `TRUSTING_SECONDS`. */
  readonly trustingSeconds?: bigint;
  /** Folder in which lies are kept as evidence; absent: they are only told of and counted. */
  readonly evidence?: string;
}

export interface StartOptions {
  readonly genesis?: string;
  readonly checkpoint?: string;
  readonly members?: string;
  readonly unproved: boolean;
}

/** What all subcommands work with. */
export interface OpenLight {
  readonly rules: ChainRules;
  readonly deployment: Deployment;
  readonly genesisHash: string;
  readonly store: LightStore;
  readonly peers: Peers;
  /** By what seals are recovered. */
  readonly recoverName: string;
  /** Whose network and contracts evidence is about. */
  readonly identity: EvidenceIdentity;
  readonly keeper?: LieKeeper;
}

/** What is done with the database, and who is told of what. */
export interface OpenHow {
  readonly mustExist?: boolean;
  readonly onLie?: (lie: PeerLie) => void;
  /** What became of evidence. */
  readonly tell?: Print;
}

export async function openLight(
  options: ChainOptions,
  { mustExist = false, onLie = () => undefined, tell = () => undefined }: OpenHow = {},
): Promise<OpenLight> {
  const deployment = await readDeployment(deploymentFileOf(options.network));
  const { chainId, genesisHash, contracts, rpcUrl } = deployment.chains[options.chain];
  const { name, recover } = await fastestRecover();
  const rules = chainRules({
    chainId: BigInt(chainId),
    election: contracts.AccountantElection.address,
    layout: packedSetLayout(BigInt(chainId)),
    trustingSeconds: options.trustingSeconds ?? boundTrustOf(deployment, options.chain) ?? TRUSTING_SECONDS,
    recover,
  });
  const urls = options.rpc ?? (rpcUrl === undefined ? [] : [rpcUrl]);
  if (urls.length === 0) throw new InputError({ file: "--rpc" }, "no peer is named", "Give URLs, comma-separated");
  const record = options.evidence === undefined ? undefined : new AnswerRecord();
  const named = namedPeers(urls, record);
  const store = LightStore.open(options.db, { mustExist });
  try {
    store.claim(`chain ${chainId} with genesis block ${genesisHash}`);
    const identity = identityOf({
      ...{ kind: options.chain, network: deployment.network, deployment: deployment.chains[options.chain] },
    });
    const keeper =
      options.evidence === undefined || record === undefined
        ? undefined
        : await LieKeeper.open({ folder: options.evidence, identity, record, headers: store, tell });
    const peers = new Peers(
      named,
      (lie) => {
        keeper?.take(lie);
        onLie(lie);
      },
      store,
    );
    const light = { rules, deployment, genesisHash, store, peers, recoverName: name, identity };
    return keeper === undefined ? light : { ...light, keeper };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Trusts the genesis file or the checkpoint, where the database trusts nothing yet, or nothing that is proven any more. */
export async function trustStart(light: OpenLight, options: StartOptions, now: bigint): Promise<void> {
  const { store, rules } = light;
  const known = store.trusted;
  const isTrusted = known?.isProven === true && isFresh(rules, known.header, now);
  if (known !== undefined && (options.checkpoint === undefined || isTrusted)) return;
  const start = await startOf(light, options, now);
  if (!start.isProven && !options.unproved) {
    const { number } = start.header;
    const problem = `block ${number} is older than the trusting period, so that nothing that follows from it is proven`;
    const advice = "Give a newer checkpoint (--checkpoint), or take answers that are labelled unproved (--unproved)";
    throw new InputError({ file: options.checkpoint ?? options.genesis ?? store.path }, problem, advice);
  }
  // nothing vouches for what came without proof; what is the chain's comes again, by its hashes
  if (known?.isProven === false) store.restartAt(start);
  else store.trust(start);
}

async function startOf(light: OpenLight, options: StartOptions, now: bigint): Promise<TrustedHeader> {
  const { rules, genesisHash, peers } = light;
  if (options.checkpoint !== undefined) {
    const checkpoint = checkpointIn(options.checkpoint, await readJson(options.checkpoint));
    if (options.members !== undefined) requireSignatures(checkpoint, await readMembers(options.members));
    return peers.attempt(`block ${checkpoint.number}`, async (peer) => {
      const header = await headerOf(peer, BigInt(checkpoint.number));
      // before any proof: another block's would be no lie about this one
      const claimed = trustCheckpoint(rules, checkpoint, { header, now });
      const after = await proofOfSet({ rules, peer }, header, claimed.next).catch((error: unknown) => {
        if (isCommonwattError(error, "LightStateForgotten")) return undefined;
        throw error;
      });
      return trustCheckpoint(rules, checkpoint, { header, after, now });
    });
  }
  if (options.genesis === undefined) {
    const advice = "Give the chain's genesis file (--genesis) or a checkpoint (--checkpoint)";
    throw new InputError({ file: light.store.path }, "it is new, and nothing is trusted yet", advice);
  }
  const start = genesisIn(options.genesis, await readJson(options.genesis), { rules, genesisHash });
  return { ...start, isProven: isFresh(rules, start.header, now) };
}

/** Set certificates as `npm run accountants -- watch` keeps them. */
export function certificateFolder(folder: string, chainId: bigint): CertificateSource {
  const store = new CertificateStore(folder, Number(chainId));
  return {
    async certificate(version) {
      // one that covers several versions of a block bears the last one's number
      const next = (await store.versions()).find((found) => BigInt(found) >= version);
      return next === undefined ? undefined : store.find(next);
    },
  };
}

/**
 * The trusting period that the other chain's anchors hold for this chain, where they were bound in its genesis block and
 * the deployment file has that block's logs.
 */
export function boundTrustOf(deployment: Deployment, chain: keyof Deployment["chains"]): bigint | undefined {
  const { chainId, genesisHash } = deployment.chains[chain];
  const other = deployment.chains[chain === "transaction" ? "user" : "transaction"];
  const decode = eventDecoder(other);
  return genesisLogsOf(other)
    .map((log) => decode(log))
    .filter((event) => event?.name === "SourceBound")
    .filter((event) => event?.args["chainId"] === BigInt(chainId) && event.args["genesisHash"] === genesisHash)
    .map((event) => event?.args["trustingSeconds"] as bigint)
    .at(-1);
}

/** Peers of one host whose paths are secret are told apart by their place. */
function namedPeers(urls: readonly string[], record: AnswerRecord | undefined): RpcPeer[] {
  const names = urls.map(withoutSecrets);
  return urls.map((url, index) => {
    const name = names[index] as string;
    const before = names.slice(0, index).filter((one) => one === name).length;
    const own = before === 0 ? name : `${name} (${before + 1})`;
    const ask = httpAsk(url);
    return new RpcPeer(own, record === undefined ? ask : record.of(own, ask));
  });
}

/** URLs may carry keys: names in logs and problems don't. */
function withoutSecrets(text: string, index: number): string {
  const refused = (what: string, advice: string): InputError =>
    new InputError({ file: `--rpc, URL ${index + 1}` }, what, advice);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused("it is no URL", "Give URLs, comma-separated");
  }
  if (!["http:", "https:"].includes(url.protocol))
    throw refused(`it begins with ${url.protocol}`, "Give http or https");
  if (url.username !== "" || url.password !== "") {
    throw refused("it has a user name or password, which would be in lists of processes", "Give a URL without them");
  }
  return `${url.protocol}//${url.host}${url.pathname.length > 1 ? "/..." : ""}`;
}
