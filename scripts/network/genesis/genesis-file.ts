/** The genesis file of a chain as Besu reads it, and the hash of the block that Besu makes of it, computed without Besu. */
import {
  getAddress,
  hexlify,
  keccak256,
  sha256,
  toBeHex,
  toQuantity,
  ZeroAddress,
  ZeroHash,
  zeroPadValue,
} from "ethers";
import { z } from "zod";

import { predeployedAddress } from "../../../deploy/predeployed.js";
import { orderedTrieRoot, rpcBlockHash, stateRoot, type WholeAccount } from "../../../light/index.js";
import { rlpBytes } from "../../../light/rlp.js";
import type { Predeployed } from "./predeploy.js";

/** As hardhat.config.ts has it: what fits in a block there fits here. */
export const BLOCK_GAS_LIMIT = 60_000_000;

/** Besu's own mark of its BFT engines: the hash of "Istanbul Byzantine fault tolerance". */
const BFT_MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";
/** RLP of 32 zero bytes, no validators, no vote, round 0, no seals. */
const CONTRACT_MODE_EXTRA_DATA = `0xe5a0${"0".repeat(64)}c0c080c0`;
/** Blocks between the epochs that votes in headers expire at; no vote is in a header here. */
const EPOCH_LENGTH = 30_000;
/** What Besu gives a genesis block that names no fee. */
const DEFAULT_BASE_FEE = "0x3b9aca00";

const BLOCK_FORKS = [
  "homesteadBlock",
  "eip150Block",
  "eip155Block",
  "eip158Block",
  "byzantiumBlock",
  "constantinopleBlock",
  "petersburgBlock",
  "istanbulBlock",
  "berlinBlock",
  "londonBlock",
] as const;
/** Osaka has P256VERIFY at 0x100, and the cap of a transaction's gas. */
const TIME_FORKS = ["shanghaiTime", "cancunTime", "pragueTime", "osakaTime"] as const;

export interface GenesisOptions {
  readonly chainId: number;
  /** Unix seconds. */
  readonly genesisTime: number;
  readonly blockSeconds: number;
  /** Of round 0; it doubles with each round. */
  readonly requestTimeoutSeconds: number;
  readonly accounts: Predeployed["accounts"];
}

/** The text of a genesis file. */
export function genesisText(options: GenesisOptions): string {
  const { chainId, genesisTime, blockSeconds, requestTimeoutSeconds, accounts } = options;
  const zeros = Object.fromEntries([...BLOCK_FORKS, ...TIME_FORKS].map((fork) => [fork, 0]));
  const genesis = {
    config: {
      chainId,
      ...zeros,
      zeroBaseFee: true,
      qbft: {
        blockperiodseconds: blockSeconds,
        epochlength: EPOCH_LENGTH,
        requesttimeoutseconds: requestTimeoutSeconds,
        validatorcontractaddress: predeployedAddress("AccountantElection"),
      },
    },
    nonce: "0x0",
    timestamp: toQuantity(genesisTime),
    extraData: CONTRACT_MODE_EXTRA_DATA,
    gasLimit: toQuantity(BLOCK_GAS_LIMIT),
    baseFeePerGas: "0x0",
    difficulty: "0x1",
    mixHash: BFT_MIX_HASH,
    coinbase: ZeroAddress,
    alloc: Object.fromEntries(
      Object.entries(accounts).map(([address, { nonce, balance, code, storage }]) => [
        address,
        { nonce: toQuantity(nonce), balance: toQuantity(balance), code, storage },
      ]),
    ),
  };
  return `${JSON.stringify(genesis, null, 2)}\n`;
}

const quantity = z.string().regex(/^0x[0-9a-fA-F]*$/);
const fork = z.number().int().nonnegative().optional();

/** What of a genesis file its block depends on. */
const genesisSchema = z.object({
  config: z.object({
    chainId: z.number().int(),
    ...(Object.fromEntries(TIME_FORKS.map((name) => [name, fork])) as Record<(typeof TIME_FORKS)[number], typeof fork>),
  }),
  nonce: quantity,
  timestamp: quantity,
  extraData: quantity,
  gasLimit: quantity,
  baseFeePerGas: quantity.default(DEFAULT_BASE_FEE),
  difficulty: quantity,
  mixHash: quantity,
  coinbase: quantity.default(ZeroAddress),
  alloc: z.record(
    z.string(),
    z.object({
      nonce: quantity.default("0x0"),
      balance: quantity.default("0x0"),
      code: quantity.default("0x"),
      storage: z.record(quantity, quantity).default({}),
    }),
  ),
});

type Genesis = z.infer<typeof genesisSchema>;

/** The hash of block 0 of a chain with this genesis file; throws where the text is none. */
export function genesisHash(text: string): string {
  return rpcBlockHash(genesisBlock(genesisSchema.parse(JSON.parse(text))));
}

/** Block 0 as `eth_getBlockByNumber` tells it. */
function genesisBlock(genesis: Genesis): Record<string, string> {
  const { nonce, timestamp, extraData, gasLimit, baseFeePerGas, difficulty, mixHash, coinbase } = genesis;
  const emptyTrie = orderedTrieRoot([]);
  const has = (name: (typeof TIME_FORKS)[number]): boolean => {
    // a fork brings those before it
    const later = TIME_FORKS.slice(TIME_FORKS.indexOf(name)).map((other) => genesis.config[other]);
    return later.some((time) => time !== undefined && BigInt(time) <= BigInt(timestamp));
  };
  return {
    parentHash: ZeroHash,
    sha3Uncles: keccak256(rlpBytes([])),
    miner: coinbase,
    stateRoot: stateRoot(accountsOf(genesis)),
    transactionsRoot: emptyTrie,
    receiptsRoot: emptyTrie,
    logsBloom: hexlify(new Uint8Array(256)),
    number: "0x0",
    gasUsed: "0x0",
    nonce: toBeHex(BigInt(nonce), 8),
    ...{ timestamp, extraData, gasLimit, baseFeePerGas, difficulty, mixHash },
    ...(has("shanghaiTime") ? { withdrawalsRoot: emptyTrie } : {}),
    ...(has("cancunTime") ? { blobGasUsed: "0x0", excessBlobGas: "0x0", parentBeaconBlockRoot: ZeroHash } : {}),
    ...(has("pragueTime") ? { requestsHash: sha256("0x") } : {}),
  };
}

function accountsOf({ alloc }: Genesis): Record<string, WholeAccount> {
  const word = (text: string): string => zeroPadValue(toBeHex(BigInt(text)), 32);
  return Object.fromEntries(
    Object.entries(alloc).map(([address, { nonce, balance, code, storage }]) => [
      // addresses stand there with and without 0x
      getAddress(address.startsWith("0x") ? address : `0x${address}`),
      {
        nonce: BigInt(nonce),
        balance: BigInt(balance),
        code,
        storage: Object.fromEntries(Object.entries(storage).map(([key, value]) => [word(key), word(value)])),
      },
    ]),
  );
}
