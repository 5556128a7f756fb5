/** How many homes' accounts the attacker joins: one run of the market, the vaults beside it again and again. */
import type { Unlinkability } from "../../sdk/vault/index.js";
import { Random } from "../inputs/index.js";
import { attack, type Attempt } from "./attack.js";
import { observeMarket, type VaultAccount } from "./observe.js";
import type { NeighbourHome } from "../neighbourhood.js";
import { replayVaults, type FinishedMarket } from "./replay.js";
import { interval, type Interval } from "./interval.js";

/** Over all tries. */
export interface StrategyResult {
  readonly strategy: string;
  readonly hits: number;
  /** Homes that could have been joined, over all tries: those that are not the attacker's. */
  readonly of: number;
  /** Share of homes joined right, with its interval of 95 %. */
  readonly share: Interval;
}

/** The attacker against a market and its vaults, once for each seed. */
export async function measureLinkage(
  market: FinishedMarket,
  { seeds, unlinkability }: { readonly seeds: readonly number[]; readonly unlinkability: Unlinkability },
  onTry: (seed: number, attempt: Attempt) => void = () => undefined,
): Promise<StrategyResult[]> {
  const homes = new Set(market.homes.map(({ chain }) => chain.signer.address));
  const markets = (await observeMarket(market.transaction)).filter(({ account }) => homes.has(account));
  // without batches, a registrar admits on the second chain in the order of the first
  const places = new Map(markets.map(({ account, admitted }) => [account, admitted.order]));
  const placeOf = ({ chain }: NeighbourHome): number => places.get(chain.signer.address) ?? 0;
  const asAdmitted = market.homes.toSorted((a, b) => placeOf(a) - placeOf(b));
  const tries: Attempt[] = [];
  for (const seed of seeds) {
    const vaults = await replayVaults({ ...market, homes: asAdmitted }, { seed, unlinkability });
    const observed = { markets, vaults: ofHomes(market, vaults) };
    const attempt = attack(observed, truthOf(market), new Random(seed).fork("attack"));
    onTry(seed, attempt);
    tries.push(attempt);
  }
  return resultsOf(tries);
}

/** Members have accounts too, whose roles tell them from homes. */
function ofHomes({ homes }: FinishedMarket, vaults: readonly VaultAccount[]): VaultAccount[] {
  const accounts = new Set(homes.map(({ userAccount }) => userAccount.address));
  return vaults.filter(({ account }) => accounts.has(account));
}

function truthOf({ homes }: FinishedMarket): Map<string, string> {
  return new Map(homes.map(({ chain, userAccount }) => [userAccount.address, chain.signer.address]));
}

function resultsOf(tries: readonly Attempt[]): StrategyResult[] {
  const of = tries.reduce((sum, attempt) => sum + attempt.of, 0);
  return Object.keys(tries[0]?.hits ?? {}).map((strategy) => {
    const hits = tries.reduce((sum, attempt) => sum + (attempt.hits[strategy] ?? 0), 0);
    return { strategy, hits, of, share: interval(hits, of) };
  });
}
