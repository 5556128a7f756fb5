/**
 * What a genesis block holds of contracts, made by running their real constructors in the simulated network: in its block
 * 1, at the genesis time, on the chain's id, by plain CREATE of an account without a key (deploy/predeployed.ts). All that
 * they wrote is read back from the traces of their transactions, and held against the roots of the simulated state.
 */
import hre from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";
import { ContractFactory, getAddress, toQuantity, ZeroAddress } from "ethers";

import "@nomicfoundation/hardhat-ethers";

import { electionSettings, type ElectionSettingName } from "../../../deploy/election.js";
import type { ElectionParameters, FounderParameters } from "../../../deploy/parameters.js";
import { GENESIS_CREATOR, PREDEPLOYED, PREDEPLOYED_ON, predeployedAddress } from "../../../deploy/predeployed.js";
import type { PredeployedName } from "../../../deploy/predeployed.js";
import { storageRoot, type WholeAccount } from "../../../light/index.js";
import * as generated from "../../../typechain-types/index.js";
import type { ChainName } from "../network-file.js";

/** What the constructors are given. */
export interface PredeployOptions {
  readonly chain: ChainName;
  readonly chainId: number;
  /** Unix seconds. */
  readonly genesisTime: number;
  /** Admin of the AccessManager until it hands over. */
  readonly deployer: string;
  readonly election: Pick<ElectionParameters, ElectionSettingName | "voterBps">;
  /** The first accountants: by node address, ascending. */
  readonly founders: readonly FounderParameters[];
}

/** A log of a constructor. */
export interface GenesisLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export interface Predeployed {
  /** By checksummed address. */
  readonly accounts: Readonly<Record<string, WholeAccount>>;
  readonly contracts: Readonly<Partial<Record<PredeployedName, string>>>;
  /** In the order in which the constructors emitted them. */
  readonly logs: readonly GenesisLog[];
}

/** A block that any number of founders fits in: Besu asks no gas for a genesis block. */
const BLOCK_GAS = 1_000_000_000;

/** Runs the constructors. */
export async function predeploy(options: PredeployOptions): Promise<Predeployed> {
  const names = PREDEPLOYED_ON[options.chain];
  const connection = await emptyChain(options);
  try {
    const hashes = await create(connection, options, names);
    const written = await readBack(connection, hashes);
    return { ...written, contracts: Object.fromEntries(names.map((name) => [name, predeployedAddress(name)])) };
  } finally {
    await connection.close();
  }
}

type Connection = NetworkConnection<"l1">;
type Send = (method: string, params: readonly unknown[]) => Promise<unknown>;

function sendOf({ provider }: Connection): Send {
  return (method, params) => provider.request({ method, params: [...params] });
}

async function emptyChain({ chain, chainId, genesisTime }: PredeployOptions): Promise<Connection> {
  return hre.network.create({
    network: chain === "transaction" ? "embeddedTransaction" : "embeddedUser",
    chainType: "l1",
    override: {
      chainId,
      initialDate: new Date(genesisTime * 1000).toISOString(),
      allowBlocksWithSameTimestamp: true,
      initialBaseFeePerGas: 0,
      accounts: [],
      coinbase: ZeroAddress,
      blockGasLimit: BLOCK_GAS,
      transactionGasCap: BLOCK_GAS,
      mining: { auto: false, interval: 0, mempool: { order: "fifo" } },
    },
  });
}

/** Puts all constructors into block 1; the hashes of their transactions. */
async function create(
  connection: Connection,
  options: PredeployOptions,
  names: readonly PredeployedName[],
): Promise<string[]> {
  const send = sendOf(connection);
  await send("hardhat_impersonateAccount", [GENESIS_CREATOR]);
  await send("evm_setNextBlockTimestamp", [toQuantity(options.genesisTime)]);
  await send("hardhat_setNextBlockBaseFeePerGas", ["0x0"]);
  const gas = toQuantity(Math.floor(BLOCK_GAS / PREDEPLOYED.length));
  const hashes: string[] = [];
  for (const name of PREDEPLOYED) {
    const transaction = { from: GENESIS_CREATOR, gas, gasPrice: "0x0" };
    // a place that this chain leaves empty: nothing is sent to nobody, and the nonce moves on
    if (!names.includes(name)) await send("eth_sendTransaction", [{ ...transaction, to: GENESIS_CREATOR }]);
    else {
      const data = await initCode(name, options);
      hashes.push((await send("eth_sendTransaction", [{ ...transaction, data }])) as string);
    }
  }
  await send("evm_mine", []);
  return hashes;
}

async function initCode(name: PredeployedName, options: PredeployOptions): Promise<string> {
  const { abi, bytecode } = generated[`${name}__factory`];
  const { data } = await new ContractFactory(abi, bytecode).getDeployTransaction(
    ...constructorArguments(name, options),
  );
  return data;
}

function constructorArguments(
  name: PredeployedName,
  { chain, deployer, election, founders }: PredeployOptions,
): unknown[] {
  const manager = predeployedAddress("FederationAccessManager");
  const credit = chain === "user" ? ZeroAddress : predeployedAddress("EnergyCredit");
  switch (name) {
    case "FederationAccessManager":
      return [deployer];
    case "Federation":
    case "EnergyCredit":
      return [manager];
    case "AccountantElection": {
      const stands = { federation: predeployedAddress("Federation"), credit };
      return [manager, electionSettings<string, number | bigint>(stands, (setting) => election[setting]), founders];
    }
    case "AccountingRevenue":
      return [manager, credit, predeployedAddress("AccountantElection"), election.voterBps];
  }
}

interface Receipt {
  readonly status: string;
  readonly blockNumber: string;
  readonly contractAddress: string;
  readonly logs: readonly GenesisLog[];
}

/** An account in an answer of the prestate tracer; what did not change is left out. */
interface TracedAccount {
  readonly balance?: string;
  readonly nonce?: number;
  readonly code?: string;
  readonly storage?: Readonly<Record<string, string>>;
}
type TracedState = Readonly<Record<string, TracedAccount>>;

async function readBack(connection: Connection, hashes: readonly string[]): Promise<Omit<Predeployed, "contracts">> {
  const send = sendOf(connection);
  const storages = new Map<string, Map<string, string>>();
  const logs: GenesisLog[] = [];
  for (const hash of hashes) {
    const receipt = (await send("eth_getTransactionReceipt", [hash])) as Receipt;
    if (BigInt(receipt.status) !== 1n || BigInt(receipt.blockNumber) !== 1n) {
      throw new Error(`the constructor of ${receipt.contractAddress} failed in block ${BigInt(receipt.blockNumber)}`);
    }
    logs.push(...receipt.logs.map(({ address, topics, data }) => ({ address: getAddress(address), topics, data })));
    const options = { tracer: "prestateTracer", tracerConfig: { diffMode: true } };
    const { pre, post } = (await send("debug_traceTransaction", [hash, options])) as {
      pre: TracedState;
      post: TracedState;
    };
    take(storages, pre, post);
  }
  const accounts: Record<string, WholeAccount> = {};
  for (const address of [...storages.keys()].sort()) {
    accounts[address] = await wholeAccount(send, address, storages.get(address) ?? new Map());
  }
  return { accounts, logs };
}

/** Carries what a transaction changed into what those before it left. */
function take(storages: Map<string, Map<string, string>>, pre: TracedState, post: TracedState): void {
  const isCreator = (address: string): boolean => address.toLowerCase() === GENESIS_CREATOR;
  for (const address of new Set([...Object.keys(pre), ...Object.keys(post)])) {
    // of the creator's account nothing changes but its nonce, and it has no part in the chain that is made
    if (isCreator(address)) continue;
    const key = getAddress(address);
    const storage = storages.get(key) ?? new Map<string, string>();
    storages.set(key, storage);
    // a word that was there and is not any more was cleared
    for (const word of Object.keys(pre[address]?.storage ?? {})) storage.delete(word);
    for (const [word, value] of Object.entries(post[address]?.storage ?? {})) storage.set(word, value);
  }
}

/** The account as the simulated state has it; an error when the words that were read back are not all of its storage. */
async function wholeAccount(send: Send, address: string, words: ReadonlyMap<string, string>): Promise<WholeAccount> {
  const block = "0x1";
  const proof = (await send("eth_getProof", [address, [], block])) as Readonly<
    Record<"nonce" | "balance" | "storageHash", string>
  >;
  const code = (await send("eth_getCode", [address, block])) as string;
  const storage = Object.fromEntries([...words].sort(([a], [b]) => (a < b ? -1 : 1)));
  if (storageRoot(storage) !== proof.storageHash) throw new Error(`not all of the storage of ${address} was read back`);
  if (code === "0x") throw new Error(`a constructor changed ${address}, which is no contract`);
  return { nonce: BigInt(proof.nonce), balance: BigInt(proof.balance), code, storage };
}
