/** The genesis file of a chain as Besu reads it, and the hash of the block that Besu makes of it, computed without Besu. */
import { toQuantity, ZeroAddress } from "ethers";

import { predeployedAddress } from "../../../deploy/predeployed.js";
import { genesisHeader, type GenesisFile } from "../../../light/index.js";
import type { Predeployed } from "./predeploy.js";

/** Any transaction fits (EIP-7825: 16,777,216 gas), and blocks that are full keep their cadence: docs/decisions.md. */
export const BLOCK_GAS_LIMIT = 30_000_000;

/** Besu's own mark of its BFT engines: the hash of "Istanbul Byzantine fault tolerance". */
const BFT_MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";
/** RLP of 32 zero bytes, no validators, no vote, round 0, no seals. */
const CONTRACT_MODE_EXTRA_DATA = `0xe5a0${"0".repeat(64)}c0c080c0`;
/** Blocks between the epochs that votes in headers expire at; no vote is in a header here. */
const EPOCH_LENGTH = 30_000;

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
  /** Absent: `BLOCK_GAS_LIMIT`. */
  readonly blockGasLimit?: number | undefined;
  readonly accounts: Predeployed["accounts"];
}

/** What no header commits to: two nodes with one block 0 and different ones of these follow different rules. */
export function genesisConfig({
  chainId,
  blockSeconds,
  requestTimeoutSeconds,
}: Pick<GenesisOptions, "chainId" | "blockSeconds" | "requestTimeoutSeconds">): object {
  return {
    chainId,
    ...Object.fromEntries([...BLOCK_FORKS, ...TIME_FORKS].map((fork) => [fork, 0])),
    zeroBaseFee: true,
    qbft: {
      blockperiodseconds: blockSeconds,
      epochlength: EPOCH_LENGTH,
      requesttimeoutseconds: requestTimeoutSeconds,
      validatorcontractaddress: predeployedAddress("AccountantElection"),
    },
  };
}

/** The text of a genesis file. */
export function genesisText(options: GenesisOptions): string {
  const { genesisTime, accounts } = options;
  const { blockGasLimit = BLOCK_GAS_LIMIT } = options;
  const genesis = {
    config: genesisConfig(options),
    nonce: "0x0",
    timestamp: toQuantity(genesisTime),
    extraData: CONTRACT_MODE_EXTRA_DATA,
    gasLimit: toQuantity(blockGasLimit),
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

/** The hash of block 0 of a chain with this genesis file; throws where the text is none. */
export function genesisHash(text: string): string {
  return genesisHeader(JSON.parse(text) as GenesisFile).hash;
}
