/** Simulated chains whose state begins with a genesis block's contracts, as a real network's does. No side effects. */
import { toQuantity } from "ethers";

import { marketParameters } from "../../deploy/parameters.js";
import { predeploy, type Predeployed } from "../../scripts/network/genesis/predeploy.js";
import { foundersOf, type SimulatedOperators } from "../../scripts/networks/operators.js";
import type { EmbeddedOptions } from "../../scripts/networks/index.js";
import type { SimulatedChain } from "../../scripts/networks/simulated.js";

/** What the genesis block of one of the two simulated chains would hold. */
export async function predeployedFor(
  chain: "transaction" | "user",
  operators: SimulatedOperators,
  { slotSeconds, genesisTime }: { readonly slotSeconds: number; readonly genesisTime: bigint },
): Promise<Predeployed> {
  const { election } = await marketParameters(slotSeconds);
  return predeploy({
    chain,
    chainId: chain === "transaction" ? 410_001 : 410_002,
    genesisTime: Number(genesisTime),
    deployer: operators[chain].deployer.address,
    election: chain === "user" ? { ...election, minimumDepositMicro: 0n } : election,
    founders: foundersOf(operators[chain]).sort((a, b) => (BigInt(a.node) < BigInt(b.node) ? -1 : 1)),
  });
}

/** Puts them into a simulated chain: what its nodes' genesis file does on a real one. */
export async function allocate({ connection }: SimulatedChain, { accounts }: Predeployed): Promise<void> {
  const { provider } = connection;
  for (const [address, { code, nonce, storage }] of Object.entries(accounts)) {
    await provider.request({ method: "hardhat_setCode", params: [address, code] });
    await provider.request({ method: "hardhat_setNonce", params: [address, toQuantity(nonce)] });
    for (const [key, word] of Object.entries(storage)) {
      await provider.request({ method: "hardhat_setStorageAt", params: [address, toQuantity(key), word] });
    }
  }
}

/** For `openEmbedded`. */
export function predeploying(times: {
  readonly slotSeconds: number;
  readonly genesisTime: bigint;
}): NonNullable<EmbeddedOptions["predeploy"]> {
  return async (chain, into, operators) => {
    const predeployed = await predeployedFor(chain, operators, times);
    await allocate(into, predeployed);
    return predeployed.logs;
  };
}
