import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { AbiCoder, id, keccak256, toBeHex, toQuantity, Wallet, type JsonRpcApiProvider } from "ethers";

import { Simulation } from "../../scripts/simulate/run.js";
import type { AnyChain } from "../../sdk/connect.js";
import { CONTRACT_INTERFACES, decodeError, type ContractName } from "../../sdk/contracts.js";
import { MemberRole, rolesMask } from "../../sdk/enums.js";
import { changingFunctions, emptyValue } from "../utils/changing-functions.js";
import { ANYBODYS, CLOSED, OWN_AFFAIRS, REFUSED_ELSEWHERE } from "../utils/expelled.js";
import { optionsOf, writeReadings, writeTariff } from "../utils/simulation.js";

/** Of Federation._accounts; a record is one word. */
const ACCOUNTS_SLOT = 7;
/** Federation.Account from the lowest byte up: kind, expelled, suspendedByCouncil, roles. */
const EXPELLED = 1n << 8n;
const MEMBER = 1n | (BigInt(rolesMask(Object.values(MemberRole))) << 24n);
const USER = 2n;
/** Nobody's account, whom a call's state makes a member, a user or one of the expelled. */
const SOMEBODY = new Wallet(id("somebody")).address;
const GAS = toQuantity(16_777_215n);

interface Call {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** The error that a call meets in the state after a block, with an account's record replaced; undefined: it passes. */
async function refusal(
  chain: AnyChain,
  call: Call,
  block: number,
  record?: { readonly account: string; readonly word: bigint },
): Promise<string | undefined> {
  const federation = chain.deployment.contracts.Federation.address;
  const overrides =
    record === undefined ? {} : { [federation]: { stateDiff: { [slotOf(record.account)]: toBeHex(record.word, 32) } } };
  try {
    await (chain.provider as JsonRpcApiProvider).send("eth_call", [
      { ...call, gas: GAS },
      toQuantity(block),
      overrides,
    ]);
    return undefined;
  } catch (error) {
    return decodeError(error).code;
  }
}

const slotOf = (account: string): string =>
  keccak256(AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [account, ACCOUNTS_SLOT]));

async function recordOf(chain: AnyChain, account: string, block: number): Promise<bigint> {
  return BigInt(await chain.provider.getStorage(chain.deployment.contracts.Federation.address, slotOf(account), block));
}

const contractsOf = (chain: AnyChain) =>
  Object.entries(chain.deployment.contracts) as [ContractName, { readonly address: string }][];

describe("An expelled sender, booked by an accountant all the same", function () {
  this.timeout(300_000);
  let folder: string;
  let simulation: Simulation;
  let chains: readonly AnyChain[];
  /** Functions whose expelled sender was refused, though the same call passed or failed otherwise by an active one. */
  const refused = new Set<string>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-expelled-"));
    const fixture = { homes: ["east", "west", "attic", "cellar"], slotSeconds: 21_600, days: 5 };
    const files = { readings: await writeReadings(folder, fixture), tariff: await writeTariff(folder, fixture) };
    const quiet = (): void => undefined;
    simulation = new Simulation(optionsOf({ ...files, utcOffset: 0, from: "2024-03-07", days: 1, vaults: true }));
    await simulation.load();
    await simulation.open();
    await simulation.admit(quiet);
    await simulation.trade(quiet);
    const network = simulation.embedded?.network;
    if (network === undefined) throw new Error("the run is not on the embedded network");
    chains = [network.transaction, network.user];
  });

  after(async () => {
    await simulation.close();
    await rm(folder, { recursive: true });
  });

  it("is refused every call that members and users made in a run, but for their own affairs and anybody's", async () => {
    const passed = new Set<string>();
    for (const chain of chains) {
      const names = new Map(contractsOf(chain).map(([name, { address }]) => [address.toLowerCase(), name]));
      const seen = new Set<string>();
      const latest = await chain.provider.getBlockNumber();
      for (let number = 1; number <= latest; number++) {
        const block = await chain.provider.getBlock(number, true);
        const [transaction, ...others] = block?.prefetchedTransactions ?? [];
        const contract = names.get(transaction?.to?.toLowerCase() ?? "");
        if (typeof transaction?.to !== "string" || contract === undefined) continue;
        expect(others, "the state before the block is the state before the call").to.have.length(0);
        const { from, to, data } = transaction;
        const name = CONTRACT_INTERFACES[contract].getFunction(data.slice(0, 10))?.name ?? "";
        const before = await recordOf(chain, from, number - 1);
        if (before === 0n || seen.has(`${contract}.${name}`)) continue; // the deployer, relayers: not admitted at all
        seen.add(`${contract}.${name}`);
        const call = { from, to, data };
        expect(await refusal(chain, call, number - 1), `${contract}.${name} as it was`).to.equal(undefined);
        const error = await refusal(chain, call, number - 1, { account: from, word: before | EXPELLED });
        if (error === undefined) passed.add(`${contract}.${name}`);
        else {
          expect(error, `${contract}.${name}`).to.match(/Inactive|NotActive|Not[A-Z]|Unauthorized/);
          refused.add(`${contract}.${name}`);
        }
      }
    }
    const allowed = { ...OWN_AFFAIRS, ...ANYBODYS };
    expect([...passed].filter((name) => !(name in allowed))).to.deep.equal([]);
    // the run did what it is about: money, devices, the grid, tariffs, votes, records
    expect([...refused]).to.include.members([
      "TradeEscrow.depositWithPermit",
      "DeviceRegistry.register",
      "DeviceRegistry.activate",
      "GridTopology.placeMeter",
      "Tariffs.setPrices",
      "Federation.admitUser",
      "PersonalRecords.putBatch",
      "KeyDirectory.publish",
    ]);
  });

  it("can't have an order of a run taken whose signer is expelled, whoever brings it", async () => {
    const [chain] = chains;
    if (chain?.kind !== "transaction") throw new Error("the first chain is the transaction chain");
    const market = chain.deployment.contracts.EnergyMarket.address.toLowerCase();
    const homes = simulation.embedded?.neighbourhood.homes ?? [];
    let relayed = 0;
    for (let number = await chain.provider.getBlockNumber(); number > 0 && relayed < 5; number--) {
      const transaction = (await chain.provider.getBlock(number, true))?.prefetchedTransactions[0];
      if (transaction?.to?.toLowerCase() !== market) continue;
      const parsed = CONTRACT_INTERFACES.EnergyMarket.parseTransaction(transaction);
      if (parsed?.name !== "relay" || (parsed.args[1] as unknown[]).length === 0) continue;
      relayed += 1;
      const call = { from: transaction.from, to: transaction.to, data: transaction.data };
      expect(await refusal(chain, call, number - 1)).to.equal(undefined);
      const errors = new Set<string | undefined>();
      for (const { chain: home } of homes) {
        const account = home.signer.address;
        const word = (await recordOf(chain, account, number - 1)) | EXPELLED;
        errors.add(await refusal(chain, call, number - 1, { account, word }));
      }
      errors.delete(undefined); // a home without an order in that batch
      expect([...errors]).to.deep.equal(["EnergyMarketNotActive"]);
    }
    expect(relayed).to.be.above(0);
  });

  it("is told from an active one by every other function, or the table says why not", async () => {
    const open: string[] = [];
    const restricted = new Set<string>();
    for (const chain of chains) {
      const latest = await chain.provider.getBlockNumber();
      for (const [contract, { address }] of contractsOf(chain)) {
        for (const fragment of changingFunctions(contract)) {
          const name = `${contract}.${fragment.name}`;
          const data = CONTRACT_INTERFACES[contract].encodeFunctionData(
            fragment,
            fragment.inputs.map((type) => emptyValue(type, SOMEBODY)),
          );
          const call = { from: SOMEBODY, to: address, data };
          const as = (word: bigint) => refusal(chain, call, latest, { account: SOMEBODY, word });
          const pairs = [
            [await as(MEMBER), await as(MEMBER | EXPELLED)],
            [await as(USER), await as(USER | EXPELLED)],
          ];
          if (pairs.some(([active, expelled]) => active !== expelled && expelled !== undefined)) refused.add(name);
          const errors = new Set(pairs.flat());
          if (errors.size === 1 && errors.has("AccessManagedUnauthorized")) restricted.add(name);
          if (name in CLOSED) expect([...errors], name).to.deep.equal([CLOSED[name]]);
          open.push(name);
        }
      }
    }
    const told = (name: string): boolean =>
      refused.has(name) ||
      restricted.has(name) ||
      [OWN_AFFAIRS, ANYBODYS, CLOSED, REFUSED_ELSEWHERE].some((table) => name in table);
    expect(open.filter((name) => !told(name))).to.deep.equal([]);
    // no table excuses what is refused, or what is no more
    const excused = [...Object.keys(OWN_AFFAIRS), ...Object.keys(ANYBODYS), ...Object.keys(CLOSED)];
    expect(excused.filter((name) => !open.includes(name))).to.deep.equal([]);
    expect(Object.keys(REFUSED_ELSEWHERE).filter((name) => !open.includes(name))).to.deep.equal([]);
  });

  it("is refused by tests that exist, where the table names them", async () => {
    const names = new Set<string>();
    for (const file of (await readdir("test/unit")).filter((one) => one.endsWith(".t.sol"))) {
      for (const [, name = ""] of (await readFile(join("test/unit", file), "utf8")).matchAll(/function (test\w+)/g)) {
        names.add(name);
      }
    }
    expect(Object.values(REFUSED_ELSEWHERE).filter((name) => !names.has(name))).to.deep.equal([]);
  });
});
