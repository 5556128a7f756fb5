/**
 * A neighbourhood on both chains, ready to trade: its grid, its members with their roles, its homes with certified
 * meters, credits and deposits. Its keys follow from the seed; they are for simulated money only.
 */
import { id, type Wallet } from "ethers";

import { issueCredits } from "../sdk/actions/credits.js";
import { depositWithPermit } from "../sdk/actions/escrow.js";
import { createArea, setEdge, setParties } from "../sdk/actions/grid.js";
import { firstUnopenedSlotOf, setStandingPrice, slotLengthOf, type Price } from "../sdk/actions/market.js";
import { withSigner, type TransactionChain, type UserChain } from "../sdk/connect.js";
import { MemberRole } from "../sdk/enums.js";
import { UNLINKABLE, type Unlinkability } from "../sdk/vault/unlinkability.js";
import type { VaultWallet } from "../sdk/vault/wallet.js";
import type { Grid, GridDistrict, GridFeeder } from "./grid/index.js";
import {
  admitHomes,
  DEADLINE,
  homeKeys,
  inGroups,
  settleMeter,
  setupSeconds,
  signing,
  type HomeKeys,
  type Pace,
} from "./home-admission.js";
import { admitOnce, MANUFACTURER, REGISTRAR, rolesByName } from "./members.js";
import { keyFromSeed } from "./networks/keys.js";
import { FOUNDERS, type Operators } from "./networks/operators.js";

export { ACCOUNTANTS, CANDIDATES, MANUFACTURER, REGISTRAR } from "./members.js";

/** A connection to the transaction chain that signs with a key at hand. */
export type SigningChain = TransactionChain & { readonly signer: Wallet };

/** Prices, deposits and where they are decided. Money in micro-credits. */
export interface NeighbourhoodOptions {
  readonly grid: Grid;
  readonly seed: number;
  /** Issued to a home and deposited. */
  readonly homeDepositMicro: (home: string) => bigint;
  /** Issued to each supplier and deposited; it pays feed-in and accounting fees from it. */
  readonly supplierDepositMicro: bigint;
  /** The standing price of all suppliers; absent: they set none. */
  readonly price?: Price;
  /** How homes are admitted; absent: as docs/privacy.md says. */
  readonly unlinkability?: Unlinkability;
  /** Absent: one home after the other, on both chains. */
  readonly pace?: Pace;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Who holds a feeder's roles. */
export interface NeighbourFeeder {
  readonly name: string;
  readonly area: bigint;
  readonly district: bigint;
  readonly city: bigint;
  readonly supplier: SigningChain;
  readonly gridOperator: SigningChain;
  readonly meteringOperator: SigningChain;
}

/** A home with its meter. */
export interface NeighbourHome {
  readonly home: string;
  readonly feeder: NeighbourFeeder;
  /** Number of its meter in DeviceRegistry. */
  readonly meter: bigint;
  readonly connectionWh: bigint;
  /** The transaction chain as the home's account sees it. */
  readonly chain: SigningChain;
  /** The meter's own key. */
  readonly device: Wallet;
  /** Gives the home's accounts of both chains and its encryption keys, from one seed phrase. */
  readonly wallet: VaultWallet;
  /** The home's account on the user chain; nobody can join the two. */
  readonly userAccount: Wallet;
}

export interface Neighbourhood {
  /** From here on everything is decided: meters stand, prices hold, homes hold their meters. */
  readonly firstSlot: bigint;
  readonly cities: readonly { readonly name: string; readonly area: bigint }[];
  readonly districts: readonly { readonly name: string; readonly area: bigint; readonly city: bigint }[];
  readonly feeders: readonly NeighbourFeeder[];
  readonly homes: readonly NeighbourHome[];
  /** All members, by name. */
  readonly members: ReadonlyMap<string, SigningChain>;
  /** Their accounts on the user chain. */
  readonly userMembers: ReadonlyMap<string, Wallet>;
  /** All credits issued to homes and suppliers. */
  readonly issuedMicro: bigint;
}

/** What the set-up of a network gives. */
export interface NeighbourhoodNetwork {
  readonly transaction: TransactionChain;
  readonly user: UserChain;
  readonly operators: Operators;
  /** Seconds that a transaction waits for its block; absent: none. */
  readonly transactionSeconds?: number;
  /** Gives accounts what gas is paid with. */
  fund(chain: "transaction" | "user", accounts: readonly string[]): Promise<void>;
}

/** Admits the neighbourhood to both chains. */
export async function admitNeighbourhood(
  network: NeighbourhoodNetwork,
  options: NeighbourhoodOptions,
): Promise<Neighbourhood> {
  return new Settler(network, options).settle();
}

/** One set-up under way. */
class Settler {
  readonly #network: NeighbourhoodNetwork;
  readonly #options: NeighbourhoodOptions;
  readonly #members = new Map<string, SigningChain>();
  readonly #userMembers = new Map<string, Wallet>();
  #done = 0;
  #total = 0;
  #issuedMicro = 0n;

  constructor(network: NeighbourhoodNetwork, options: NeighbourhoodOptions) {
    this.#network = network;
    this.#options = options;
  }

  async settle(): Promise<Neighbourhood> {
    const { grid } = this.#options;
    const feedersOfGrid = grid.cities.flatMap((city) => city.districts.flatMap((district) => district.feeders));
    const homeCount = feedersOfGrid.reduce((sum, feeder) => sum + feeder.homes.length, 0);
    this.#total = rolesByName(feedersOfGrid).size + homeCount;
    const firstSlot = await this.#firstSlot(homeCount);
    await this.#admitOperators();
    await this.#admitMembers(feedersOfGrid);
    const cities: { name: string; area: bigint }[] = [];
    const districts: { name: string; area: bigint; city: bigint }[] = [];
    const feeders: NeighbourFeeder[] = [];
    const homes: HomeKeys[] = [];
    for (const city of grid.cities) {
      const cityArea = await createArea(this.#as("council"), { parent: 0n });
      cities.push({ name: city.name, area: cityArea });
      for (const district of city.districts) {
        const area = await this.#drawDistrict(district, cityArea, firstSlot);
        districts.push({ name: district.name, area, city: cityArea });
        for (const feeder of district.feeders) {
          const drawn = await this.#drawFeeder(feeder, { district: area, city: cityArea, firstSlot });
          feeders.push(drawn);
          const { transaction } = this.#network;
          for (const home of feeder.homes) homes.push(homeKeys(transaction, this.#options.seed, home, drawn));
        }
      }
    }
    const settled = await this.#admitHomes(homes, firstSlot);
    await this.#requireInTime(firstSlot);
    const members = { members: this.#members, userMembers: this.#userMembers };
    return { firstSlot, cities, districts, feeders, homes: settled, ...members, issuedMicro: this.#issuedMicro };
  }

  /** Far enough ahead that no slot opens over the set-up. */
  async #firstSlot(homes: number): Promise<bigint> {
    const { transaction, transactionSeconds } = this.#network;
    const [unopened, length] = await Promise.all([firstUnopenedSlotOf(transaction), slotLengthOf(transaction)]);
    const seconds = this.#options.pace?.seconds ?? setupSeconds(homes, transactionSeconds);
    return unopened + BigInt(Math.ceil(seconds / Number(length)));
  }

  async #requireInTime(firstSlot: bigint): Promise<void> {
    const unopened = await firstUnopenedSlotOf(this.#network.transaction);
    if (unopened <= firstSlot) return;
    throw new Error(`the set-up took too long: slot ${firstSlot} opened before all was decided; use longer slots`);
  }

  /** The holders of roles in the AccessManager: they can use these only as active members. */
  async #admitOperators(): Promise<void> {
    const { issuer, regulator } = this.#network.operators.transaction;
    await admitOnce(this.#as("council"), issuer.address, [MemberRole.ServiceProvider]);
    await admitOnce(this.#as("council"), regulator.address, [MemberRole.Regulator]);
  }

  async #admitMembers(feeders: readonly GridFeeder[]): Promise<void> {
    for (const [name, roles] of rolesByName(feeders)) {
      const wallet = this.#memberKey("transaction", name);
      const userWallet = this.#memberKey("user", name);
      await this.#network.fund("transaction", [wallet.address]);
      await this.#network.fund("user", [userWallet.address]);
      const memberRoles = [...roles];
      await admitOnce(this.#as("council"), wallet.address, memberRoles);
      if (this.#options.pace?.onTransactionChainAlone !== true)
        await admitOnce(this.#asOnUserChain("council"), userWallet.address, memberRoles);
      this.#members.set(name, signing(this.#network.transaction, wallet));
      this.#userMembers.set(name, userWallet);
      if (roles.has(MemberRole.Supplier)) await this.#endow(this.#member(name), this.#options.supplierDepositMicro);
      this.#advance();
    }
  }

  async #drawDistrict(district: GridDistrict, city: bigint, firstSlot: bigint): Promise<bigint> {
    const area = await createArea(this.#as("council"), { parent: city });
    await setEdge(this.#as("council"), edgeOf(district, area, firstSlot));
    return area;
  }

  async #drawFeeder(
    feeder: GridFeeder,
    { district, city, firstSlot }: { district: bigint; city: bigint; firstSlot: bigint },
  ): Promise<NeighbourFeeder> {
    const area = await createArea(this.#as("council"), { parent: district });
    const supplier = this.#member(feeder.supplier);
    const gridOperator = this.#member(feeder.gridOperator);
    const meteringOperator = this.#member(feeder.meteringOperator);
    await setParties(this.#as("council"), {
      feeder: area,
      supplier: supplier.signer.address,
      gridOperator: gridOperator.signer.address,
      meteringOperator: meteringOperator.signer.address,
      fromSlot: firstSlot,
    });
    await setEdge(gridOperator, edgeOf(feeder, area, firstSlot));
    const { price } = this.#options;
    if (price !== undefined) await setStandingPrice(supplier, { feeder: area, fromSlot: firstSlot, ...price });
    return { name: feeder.name, area, district, city, supplier, gridOperator, meteringOperator };
  }

  /** Each home's meter at its place, and its credits, in the order of the grid: what the market sees of homes anyway. */
  async #settleHome(keys: HomeKeys, firstSlot: bigint): Promise<NeighbourHome> {
    const meter = await settleMeter(this.#member(MANUFACTURER), keys, firstSlot);
    await this.#endow(keys.chain, this.#options.homeDepositMicro(keys.home));
    this.#advance();
    return { ...keys, meter };
  }

  async #admitHomes(homes: readonly HomeKeys[], firstSlot: bigint): Promise<NeighbourHome[]> {
    const { seed, unlinkability: { admissionBatch: batch } = UNLINKABLE } = this.#options;
    // in the order of their addresses, which says nothing
    const byAddress = (accounts: readonly string[]): string[] => accounts.toSorted();
    await this.#network.fund("transaction", byAddress(homes.map(({ chain }) => chain.signer.address)));
    const atOnce = this.#options.pace?.homesAtOnce ?? 1;
    await admitHomes(homes, { seed, chain: "transaction", registrar: this.#member(REGISTRAR), batch, atOnce });
    const settled = await inGroups(homes, atOnce, (keys) => this.#settleHome(keys, firstSlot));
    if (this.#options.pace?.onTransactionChainAlone === true) return settled;
    await this.#network.fund("user", byAddress(homes.map(({ userAccount }) => userAccount.address)));
    await admitHomes(homes, { seed, chain: "user", registrar: this.#registrarOnUserChain(), batch, atOnce });
    return settled;
  }

  /** Issues credits to an account, which deposits them. */
  async #endow(chain: SigningChain, amountMicro: bigint): Promise<void> {
    if (amountMicro === 0n) return;
    const to = chain.signer.address;
    await issueCredits(this.#as("issuer"), { to, amountMicro, paymentReference: id(`simulated payment/${to}`) });
    await depositWithPermit(chain, { amountMicro, deadline: DEADLINE });
    this.#issuedMicro += amountMicro;
  }

  #key(chain: "transaction" | "user", purpose: string): Wallet {
    return keyFromSeed(this.#options.seed, chain, purpose);
  }

  /** The founding accountants' keys come with the network, whose first set they are. */
  #memberKey(chain: "transaction" | "user", name: string): Wallet {
    const founder = FOUNDERS.find((number) => name === `Accountant ${number}`);
    return founder === undefined ? this.#key(chain, name) : this.#network.operators[chain][`accountant${founder}`];
  }

  #as(operator: keyof Operators["transaction"]): TransactionChain {
    return withSigner(this.#network.transaction, this.#network.operators.transaction[operator]);
  }

  #asOnUserChain(operator: keyof Operators["user"]): UserChain {
    return withSigner(this.#network.user, this.#network.operators.user[operator]);
  }

  #registrarOnUserChain(): UserChain {
    return withSigner(this.#network.user, this.#key("user", REGISTRAR));
  }

  #member(name: string): SigningChain {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`there is no member ${name}`);
    return member;
  }

  #advance(): void {
    this.#done += 1;
    this.#options.onProgress?.(this.#done, this.#total);
  }
}

function edgeOf(
  { feeMicroPerKwh, capacityWh }: Pick<GridDistrict | GridFeeder, "feeMicroPerKwh" | "capacityWh">,
  area: bigint,
  fromSlot: bigint,
): Parameters<typeof setEdge>[1] {
  const edge = { area, fee: BigInt(feeMicroPerKwh), fromSlot };
  return capacityWh === null ? edge : { ...edge, capacityWh: BigInt(capacityWh) };
}
