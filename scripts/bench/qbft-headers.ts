/** Headers of simulated QBFT blocks, to measure reports with: a simulated chain's own headers are no QBFT headers. */
import { concat, id, keccak256, toBeHex, ZeroHash, type SigningKey } from "ethers";

import { encodeBareHeader, type QbftHeader } from "../../light/index.js";

/** As long as Besu's headers of Cancun are. */
export const FIRST_HEADER: QbftHeader = {
  parentHash: id("parent"),
  sha3Uncles: id("uncles"),
  coinbase: `0x${"11".repeat(20)}`,
  stateRoot: id("state"),
  transactionsRoot: id("transactions"),
  receiptsRoot: id("receipts"),
  logsBloom: `0x${"00".repeat(256)}`,
  difficulty: 1n,
  number: 1n,
  gasLimit: 60_000_000n,
  gasUsed: 1_000_000n,
  timestamp: 1_800_000_000n,
  vanity: ZeroHash,
  round: 0n,
  seals: [],
  mixHash: id("mix"),
  nonce: "0x0000000000000000",
  baseFeePerGas: 0n,
  withdrawalsRoot: id("withdrawals"),
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  parentBeaconBlockRoot: ZeroHash,
};

/** The block after another. */
export function childHeader(
  parent: QbftHeader,
  { coinbase, gapSeconds }: { readonly coinbase: string; readonly gapSeconds: bigint },
): QbftHeader {
  return {
    ...parent,
    parentHash: keccak256(encodeBareHeader(parent)),
    coinbase,
    number: parent.number + 1n,
    timestamp: parent.timestamp + gapSeconds,
  };
}

/** r, s and v (0 or 1) of a digest. */
export function sealOf(key: SigningKey, digest: string): string {
  const { r, s, yParity } = key.sign(digest);
  return concat([r, s, toBeHex(yParity, 1)]);
}
