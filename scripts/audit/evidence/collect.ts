/** What evidence takes from an endpoint: whose chain it is, and its blocks with proofs. */
import { readBlockProofs } from "../../../sdk/actions/block-proofs.js";
import type { AnyChain } from "../../../sdk/connect.js";
import type { EvidenceBlock, EvidenceIdentity } from "./file.js";

/** Whose contracts the evidence is about. */
export function identityOf({
  kind,
  network,
  deployment,
}: Pick<AnyChain, "kind" | "network"> & {
  readonly deployment: Pick<AnyChain["deployment"], "chainId" | "genesisHash" | "contracts">;
}): EvidenceIdentity {
  const { chainId, genesisHash } = deployment;
  const contracts = Object.fromEntries(
    Object.entries(deployment.contracts).map(([name, { address }]) => [name, address]),
  );
  return { network, chain: kind, chainId, genesisHash, contracts };
}

/** Blocks with the proofs of some of their transactions, ascending. */
export async function collectBlocks(
  { provider }: AnyChain,
  wanted: readonly { readonly block: number; readonly transaction: string }[],
): Promise<EvidenceBlock[]> {
  const numbers = [...new Set(wanted.map(({ block }) => block))].sort((a, b) => a - b);
  const blocks: EvidenceBlock[] = [];
  for (const number of numbers) {
    const hashes = new Set(wanted.filter(({ block }) => block === number).map(({ transaction }) => transaction));
    blocks.push(await readBlockProofs(provider, number, hashes));
  }
  return blocks;
}
