/**
 * Connecting: a deployment, an endpoint or provider, and (to send) a signer become the typed contracts of a chain.
 * Chain id, genesis hash and code are checked first, so that a stale or foreign deployment file is refused by name.
 */
import { FetchRequest, JsonRpcProvider, Network, keccak256, type Provider, type Signer } from "ethers";

import {
  bindTransactionContracts,
  bindUserContracts,
  type TransactionContracts,
  type UserContracts,
} from "./contracts.js";
import type { ContractDeployment, Deployment, TransactionDeployment, UserDeployment } from "./deployments/index.js";
import { CommonwattError, isSenderUnlisted } from "./errors.js";
import type { TransactionOverrides } from "./transact.js";

/** A checked connection to one chain of a network. */
interface ConnectedChain<Kind extends string, ChainDeployment, Contracts> {
  readonly kind: Kind;
  /** The network's name, as the deployment file has it. */
  readonly network: string;
  readonly deployment: ChainDeployment;
  readonly provider: Provider;
  /** Who signs and sends; undefined when the connection can only read. */
  readonly signer: Signer | undefined;
  readonly contracts: Contracts;
  /** What transactions are sent with when an action is given no overrides. */
  readonly defaults: TransactionOverrides;
  /** Expected gas of a transaction of many calls; absent: as much as leaves room below 16,777,216. */
  readonly batchGas?: bigint;
}

export type TransactionChain = ConnectedChain<"transaction", TransactionDeployment, TransactionContracts>;
export type UserChain = ConnectedChain<"user", UserDeployment, UserContracts>;
/** Either chain: Federation stands on both. */
export type AnyChain = TransactionChain | UserChain;

/** How to reach a chain: a provider, or a signer that has one. */
export type Runner = Provider | Signer;

/** Connects to the transaction chain. */
export async function connectTransactionChain(
  deployment: Deployment,
  runner: Runner,
  defaults: TransactionOverrides = {},
): Promise<TransactionChain> {
  const chain = deployment.chains.transaction;
  const { provider, signer } = split(runner);
  await checkChain(deployment.network, "transaction", chain, provider);
  const contracts = bindTransactionContracts(chain.contracts, runner);
  return { kind: "transaction", network: deployment.network, deployment: chain, provider, signer, contracts, defaults };
}

/** Connects to the user chain. */
export async function connectUserChain(
  deployment: Deployment,
  runner: Runner,
  defaults: TransactionOverrides = {},
): Promise<UserChain> {
  const chain = deployment.chains.user;
  const { provider, signer } = split(runner);
  await checkChain(deployment.network, "user", chain, provider);
  const contracts = bindUserContracts(chain.contracts, runner);
  return { kind: "user", network: deployment.network, deployment: chain, provider, signer, contracts, defaults };
}

/** The same connection with another signer; nothing is checked again. */
export function withSigner(chain: TransactionChain, signer: Signer): TransactionChain;
export function withSigner(chain: UserChain, signer: Signer): UserChain;
export function withSigner(chain: AnyChain, signer: Signer): AnyChain {
  const connected = signer.provider === null ? signer.connect(chain.provider) : signer;
  return chain.kind === "transaction"
    ? { ...chain, signer: connected, contracts: bindTransactionContracts(chain.deployment.contracts, connected) }
    : { ...chain, signer: connected, contracts: bindUserContracts(chain.deployment.contracts, connected) };
}

export interface EndpointOptions {
  /** How often a pending transaction is looked for. */
  readonly pollingMilliseconds?: number;
  /** How long one request may take. */
  readonly timeoutMilliseconds?: number;
  /** The authorization header of each request, asked for each time: tokens end. */
  readonly authorization?: () => Promise<string>;
  /**
   * How long a transaction is sent again that the node refuses for its sender: where nodes list who may send, who was
   * admitted by the last block is on their lists a moment later.
   */
  readonly admittanceMilliseconds?: number;
}

/** Between two such attempts. */
const ADMITTANCE_PAUSE = 500;

class PatientProvider extends JsonRpcProvider {
  #admittanceMilliseconds = 0;

  /** The same, patient with lists of senders. */
  patient(admittanceMilliseconds: number): this {
    this.#admittanceMilliseconds = admittanceMilliseconds;
    return this;
  }

  override async send(method: string, params: unknown[] | Record<string, unknown>): Promise<unknown> {
    const until = Date.now() + this.#admittanceMilliseconds;
    for (;;) {
      try {
        return await super.send(method, params);
      } catch (error) {
        const mayPass = method === "eth_sendRawTransaction" && isSenderUnlisted(error) && Date.now() < until;
        if (!mayPass) throw error;
        await new Promise((resolve) => setTimeout(resolve, ADMITTANCE_PAUSE));
      }
    }
  }
}

/** A provider for the chain at `url`; fails at once, by name, when nobody answers or another chain does. */
export async function openEndpoint(
  url: string,
  deployment: Deployment,
  chain: keyof Deployment["chains"],
  options: EndpointOptions = {},
): Promise<JsonRpcProvider> {
  const { pollingMilliseconds = 500, timeoutMilliseconds = 30_000, authorization } = options;
  const expected = deployment.chains[chain].chainId;
  const request = new FetchRequest(url);
  request.timeout = timeoutMilliseconds;
  if (authorization !== undefined) {
    request.preflightFunc = async (asked) => {
      asked.setHeader("authorization", await authorization());
      return asked;
    };
  }
  const provider = new PatientProvider(request, expected, {
    staticNetwork: Network.from(expected),
    pollingInterval: pollingMilliseconds,
    // questions of the same moment share a request; ethers' 10 ms would be waited for four times a transaction
    batchStallTime: 1,
    // an answer must not be older than the transaction that was awaited before the question
    cacheTimeout: -1,
  }).patient(options.admittanceMilliseconds ?? 0);
  try {
    const actual = Number(await provider.send("eth_chainId", []));
    if (actual === expected) return provider;
    throw new CommonwattError("ChainIdMismatch", {
      network: deployment.network,
      chain,
      expected,
      actual,
      endpoint: url,
    });
  } catch (thrown) {
    provider.destroy();
    if (thrown instanceof CommonwattError) throw thrown;
    throw new CommonwattError("EndpointUnreachable", { endpoint: url, reason: reasonOf(thrown) }, { cause: thrown });
  }
}

/** The endpoint in the deployment file, unless another is given. */
export function endpointOf(deployment: Deployment, chain: keyof Deployment["chains"], given?: string): string {
  const url = given ?? deployment.chains[chain].rpcUrl;
  if (url === undefined) throw new CommonwattError("EndpointMissing", { network: deployment.network, chain });
  return url;
}

async function checkChain(
  network: string,
  chain: keyof Deployment["chains"],
  deployment: { chainId: number; genesisHash: string; contracts: Readonly<Record<string, ContractDeployment>> },
  provider: Provider,
): Promise<void> {
  const [{ chainId }, genesis] = await Promise.all([provider.getNetwork(), provider.getBlock(0)]);
  if (Number(chainId) !== deployment.chainId) {
    const args = { network, chain, expected: deployment.chainId, actual: Number(chainId) };
    throw new CommonwattError("ChainIdMismatch", { ...args, endpoint: endpointTextOf(provider) });
  }
  if (genesis?.hash !== deployment.genesisHash) {
    const args = { network, chain, expected: deployment.genesisHash, actual: genesis?.hash ?? "nothing" };
    throw new CommonwattError("GenesisMismatch", { ...args, endpoint: endpointTextOf(provider) });
  }
  await Promise.all(
    Object.entries(deployment.contracts).map(([name, contract]) => checkCode(network, chain, name, contract, provider)),
  );
}

async function checkCode(
  network: string,
  chain: string,
  contract: string,
  { address, codeHash }: ContractDeployment,
  provider: Provider,
): Promise<void> {
  if (keccak256(await provider.getCode(address)) === codeHash) return;
  throw new CommonwattError("CodeMismatch", { network, chain, contract, address });
}

/** Where the provider asks, for messages; one that is no JSON-RPC client has no address. */
function endpointTextOf(provider: Provider): string {
  return provider instanceof JsonRpcProvider ? provider._getConnection().url : "the given provider";
}

function split(runner: Runner): { provider: Provider; signer: Signer | undefined } {
  if (!isSigner(runner)) return { provider: runner, signer: undefined };
  if (runner.provider === null) throw new CommonwattError("SignerUnconnected");
  return { provider: runner.provider, signer: runner };
}

function isSigner(runner: Runner): runner is Signer {
  return "signMessage" in runner;
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
