/**
 * A neighbourhood on both chains, ready to trade: its grid, its members with their roles, its homes with certified
 * meters, credits and deposits. Its keys follow from the seed; they are for simulated money only.
 */
import { encodeBytes32String, getBytes, id, type Wallet } from "ethers";

import { activateDevice, registerDevice, signCertificate, signClaim } from "../sdk/actions/devices.js";
import { issueCredits } from "../sdk/actions/credits.js";
import { depositWithPermit } from "../sdk/actions/escrow.js";
import { admitMember, admitUser, credentialCommitment, standingOf } from "../sdk/actions/federation.js";
import { createArea, placeMeter, setEdge, setParties } from "../sdk/actions/grid.js";
import { firstUnopenedSlotOf, setStandingPrice, slotLengthOf, type Price } from "../sdk/actions/market.js";
import { withSigner, type TransactionChain, type UserChain } from "../sdk/connect.js";
import { DeviceKind, MemberRole, Standing } from "../sdk/enums.js";
import { serialHash } from "../sdk/signing/devices.js";
import type { Grid, GridDistrict, GridFeeder } from "./grid/index.js";
import { keyFromSeed } from "./networks/keys.js";
import { FOUNDERS, type Operators } from "./networks/operators.js";

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
  /** Gives accounts what gas is paid with. */
  fund(chain: "transaction" | "user", accounts: readonly string[]): Promise<void>;
}

/** Members that serve all feeders. */
export const ACCOUNTANTS = FOUNDERS.map((number) => `Accountant ${number}` as const);
/** Accountants that were no founders, and may stand for election. */
export const CANDIDATES = ["Accountant 5", "Accountant 6", "Accountant 7"] as const;
export const REGISTRAR = "Registrar";
export const MANUFACTURER = "Meter Works";

/** Signatures of the set-up may be used until the year 2170: it runs at any virtual time. */
const DEADLINE = 200n * 365n * 86_400n;
const MODEL = encodeBytes32String("CW-1");

/** Seconds that a set-up may take on a chain with a wall clock; generous, for a busy machine. */
export function setupSeconds(homes: number): number {
  return 30 + homes;
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
    const homes: NeighbourHome[] = [];
    for (const city of grid.cities) {
      const cityArea = await createArea(this.#as("council"), { parent: 0n });
      cities.push({ name: city.name, area: cityArea });
      for (const district of city.districts) {
        const area = await this.#drawDistrict(district, cityArea, firstSlot);
        districts.push({ name: district.name, area, city: cityArea });
        for (const feeder of district.feeders) {
          const drawn = await this.#drawFeeder(feeder, { district: area, city: cityArea, firstSlot });
          feeders.push(drawn);
          for (const home of feeder.homes) homes.push(await this.#admitHome(home, drawn, firstSlot));
        }
      }
    }
    await this.#requireInTime(firstSlot);
    const members = { members: this.#members, userMembers: this.#userMembers };
    return { firstSlot, cities, districts, feeders, homes, ...members, issuedMicro: this.#issuedMicro };
  }

  /** Far enough ahead that no slot opens over the set-up. */
  async #firstSlot(homes: number): Promise<bigint> {
    const { transaction } = this.#network;
    const [unopened, length] = await Promise.all([firstUnopenedSlotOf(transaction), slotLengthOf(transaction)]);
    return unopened + BigInt(Math.ceil(setupSeconds(homes) / Number(length)));
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

  async #admitHome(
    { home, connectionWh }: GridFeeder["homes"][number],
    feeder: NeighbourFeeder,
    firstSlot: bigint,
  ): Promise<NeighbourHome> {
    const account = this.#key("transaction", `home/${home}`);
    const userAccount = this.#key("user", `home/${home}`);
    const device = keyFromSeed(this.#options.seed, "device", home);
    const chain = signing(this.#network.transaction, account);
    await this.#network.fund("transaction", [account.address]);
    await this.#network.fund("user", [userAccount.address]);
    await admitUser(this.#member(REGISTRAR), this.#admission("transaction", home, account));
    await admitUser(this.#registrarOnUserChain(), this.#admission("user", home, userAccount));
    const meter = await this.#registerMeter(home, account, device);
    await activateDevice(feeder.meteringOperator, { device: meter, key: device.address });
    const site = { meter, feeder: feeder.area, connectionWh: BigInt(connectionWh), fromSlot: firstSlot };
    await placeMeter(feeder.gridOperator, site);
    await this.#endow(chain, this.#options.homeDepositMicro(home));
    this.#advance();
    return { home, feeder, meter, connectionWh: BigInt(connectionWh), chain, device, userAccount };
  }

  async #registerMeter(home: string, owner: Wallet, device: Wallet): Promise<bigint> {
    const maker = this.#member(MANUFACTURER);
    const signed = await signCertificate(maker, maker.signer, {
      maker: maker.signer.address,
      deviceKey: device.address,
      kind: DeviceKind.Meter,
      model: MODEL,
      serialHash: serialHash(getBytes(maker.signer.privateKey), home),
      validFrom: 0n,
      validUntil: DEADLINE,
    });
    const claim = await signClaim(maker, { device, owner, deadline: DEADLINE });
    return registerDevice(maker, { ...signed, claim });
  }

  /** Issues credits to an account, which deposits them. */
  async #endow(chain: SigningChain, amountMicro: bigint): Promise<void> {
    if (amountMicro === 0n) return;
    const to = chain.signer.address;
    await issueCredits(this.#as("issuer"), { to, amountMicro, paymentReference: id(`simulated payment/${to}`) });
    await depositWithPermit(chain, { amountMicro, deadline: DEADLINE });
    this.#issuedMicro += amountMicro;
  }

  /** The commitment to a home's credential, with another salt on each chain. */
  #admission(
    chain: "transaction" | "user",
    home: string,
    account: Wallet,
  ): { user: string; credentialCommitment: string } {
    const salt = id(`salt/${this.#options.seed}/${chain}/${home}`);
    return { user: account.address, credentialCommitment: credentialCommitment(salt, id(`credential/${home}`)) };
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

/** The members that a grid needs, each with all its roles, besides those that serve all feeders. */
function rolesByName(feeders: readonly GridFeeder[]): Map<string, Set<MemberRole>> {
  const roles = new Map<string, Set<MemberRole>>();
  const add = (name: string, role: MemberRole): void => {
    roles.set(name, (roles.get(name) ?? new Set<MemberRole>()).add(role));
  };
  for (const accountant of [...ACCOUNTANTS, ...CANDIDATES]) add(accountant, MemberRole.Accountant);
  add(REGISTRAR, MemberRole.Registrar);
  add(MANUFACTURER, MemberRole.Manufacturer);
  for (const feeder of feeders) {
    add(feeder.supplier, MemberRole.Supplier);
    add(feeder.gridOperator, MemberRole.GridOperator);
    add(feeder.meteringOperator, MemberRole.MeteringOperator);
  }
  return roles;
}

/** A second neighbourhood on the same network finds accountants, issuer and regulator admitted. */
async function admitOnce(chain: TransactionChain | UserChain, member: string, roles: MemberRole[]): Promise<void> {
  if ((await standingOf(chain, member)) === Standing.None) await admitMember(chain, { member, roles });
}

function edgeOf(
  { feeMicroPerKwh, capacityWh }: Pick<GridDistrict | GridFeeder, "feeMicroPerKwh" | "capacityWh">,
  area: bigint,
  fromSlot: bigint,
): Parameters<typeof setEdge>[1] {
  const edge = { area, fee: BigInt(feeMicroPerKwh), fromSlot };
  return capacityWh === null ? edge : { ...edge, capacityWh: BigInt(capacityWh) };
}

function signing(chain: TransactionChain, wallet: Wallet): SigningChain {
  const signer = wallet.connect(chain.provider);
  return { ...withSigner(chain, signer), signer };
}
