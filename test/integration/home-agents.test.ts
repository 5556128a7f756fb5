import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { id } from "ethers";

import { checkVaults, ciphertextBytes, type Agents } from "../../scripts/agents/index.js";
import { keyFromSeed } from "../../scripts/networks/index.js";
import { REGISTRAR, type NeighbourHome } from "../../scripts/neighbourhood.js";
import type { SimulationResult } from "../../scripts/simulate/result.js";
import { Simulation } from "../../scripts/simulate/run.js";
import { admitUser, credentialCommitment } from "../../sdk/actions/federation.js";
import { withSigner } from "../../sdk/connect.js";
import {
  checkShownBill,
  checkShownReading,
  Grantee,
  readingIn,
  recordViewOf,
  signHolderWord,
  Vault,
  vaultDirectoryOf,
  recordChainOf,
  MemoryJournal,
  VaultWallet,
  type BothChains,
  type HolderWord,
  type HomeAgent,
  type ShownOfMeter,
} from "../../sdk/vault/index.js";
import { optionsOf, writeReadings, writeTariff } from "../utils/simulation.js";
import { codeOf, GRANTEE_PHRASE } from "../utils/vault.js";

const SEED = 5;
const HOMES = ["a", "b", "c", "d"];
const DATES = { days: 9, from: "2024-07-24" };
const [JULY, AUGUST] = ["2024-07", "2024-08"];

describe("homes' agents: a July and an August day", function () {
  this.timeout(300_000);
  let folder: string;
  let simulation: Simulation;
  let result: SimulationResult;
  let agents: Agents;
  let agent: HomeAgent;
  let home: NeighbourHome;
  let bank: { readonly account: string; readonly grantee: Grantee };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-agents-"));
    const readings = await writeReadings(folder, {
      homes: HOMES,
      slotSeconds: 3_600,
      ...DATES,
      isSilent: (number, index) => number === 1 && index === 7 * 24 + 5,
    });
    const tariff = await writeTariff(folder, DATES);
    const dates = { from: "2024-07-31", days: 2, utcOffset: 0 };
    simulation = new Simulation(optionsOf({ readings, tariff, ...dates, seed: SEED, vaults: true, out: folder }));
    const quiet = (): void => undefined;
    await simulation.load();
    await simulation.open();
    await simulation.admit(quiet);
    await simulation.trade(quiet);
    ({ result } = await simulation.audit(quiet));
    agents = given(simulation.agents);
    home = given(simulation.market.homes.find((one) => one.home === "a"));
    agent = given(agents.agents.get("a"));
    bank = await openBank();
  });

  after(async () => {
    await simulation.close();
    await rm(folder, { recursive: true });
  });

  async function openBank(): Promise<typeof bank> {
    const { network } = given(simulation.embedded);
    const { user } = network;
    const wallet = VaultWallet.fromPhrase(GRANTEE_PHRASE);
    const signer = wallet.account("user").connect(user.provider);
    await network.fund("user", [signer.address]);
    const registrar = withSigner(user, keyFromSeed(SEED, "user", REGISTRAR));
    const commitment = credentialCommitment(id("salt"), id("bank"));
    await admitUser(registrar, { user: signer.address, credentialCommitment: commitment });
    const chain = withSigner(user, signer);
    const own = {
      directory: vaultDirectoryOf(chain),
      keys: wallet,
      contents: [agents.stores.contents],
      shares: agents.stores.shares,
      signer,
      now: () => agents.now(),
    };
    await (await Vault.open({ ...own, chain: recordChainOf(chain), journal: new MemoryJournal() })).publishKey();
    return { account: signer.address, grantee: new Grantee({ ...own, view: recordViewOf(user) }) };
  }

  function chains(change: Partial<BothChains> = {}): BothChains {
    const { user } = given(simulation.embedded).network;
    const { transaction } = simulation.market;
    return { user: recordViewOf(user), transaction, reader: bank.account, now: agents.now(), ...change };
  }

  async function shown(name: string, label: string, change: Partial<HolderWord> = {}): Promise<ShownOfMeter> {
    const slot = await agent.vault.prove(given(agent.records.get(name)), label);
    const { user, transaction } = chains();
    const word = { owner: agent.vault.owner, reader: bank.account, meter: agent.meter, until: agents.now() + 60n };
    const chainId = BigInt(transaction.deployment.chainId);
    const holder = await signHolderWord(user.contracts, chainId, home.chain.signer, { ...word, ...change });
    return { slot, holder };
  }

  it("keep in every vault what was settled, in records of readings by month, bills, device, profile", () => {
    expect(result.auditDifferences).to.equal(0);
    const { differences, ...counts } = given(result.vaults);
    expect(differences).to.deep.equal([]);
    // each home: profile and device once; July twice (its day, its bill), August twice; bills of July, then of both
    expect(counts).to.include({ homes: 4, records: 4 * 5, versions: 4 * 8 });
    expect(counts.bytes).to.be.greaterThan(4 * 8 * 256);
    const names = [...agent.records.keys()].sort();
    expect(names).to.deep.equal(["bills", "device", "profile", `readings ${JULY}`, `readings ${AUGUST}`]);
  });

  it("write the estimate of a silent meter's interval", async () => {
    const silent = given(agents.agents.get("b"));
    const { slots } = await silent.vault.get(given(silent.records.get(`readings ${JULY}`)));
    expect(slots).to.have.length(24);
    expect(readingIn(given(slots[5])).status).to.equal(3);
  });

  it("write as often and as much for every home, and use an account of the user chain alone", async () => {
    const { user } = given(simulation.embedded).network;
    const sizes = new Set<string>();
    for (const each of agents.agents.values()) {
      const records = await Promise.all([...each.records.values()].map((record) => each.vault.history(record)));
      const bytes = records.flat().map((version) => ciphertextBytes(agents.stores, version));
      sizes.add(JSON.stringify(await Promise.all(bytes)));
      const market = given(simulation.market.homes.find(({ meter }) => meter === each.meter)).chain.signer.address;
      expect(await user.provider.getTransactionCount(market)).to.equal(0);
      expect(await simulation.market.transaction.provider.getTransactionCount(each.vault.owner)).to.equal(0);
    }
    expect(sizes.size).to.equal(1);
  });

  it("show July to a grantee and hide August", async () => {
    const [july, august] = [JULY, AUGUST].map((month) => given(agent.records.get(`readings ${month}`)));
    const from = agents.now();
    const terms = { purpose: "a loan", from, until: from + 86_400n };
    const grantId = await agent.vault.grant({ grantee: bank.account, scope: { record: given(july) }, ...terms });
    const { slots } = await bank.grantee.read(grantId, given(july));
    expect(slots).to.have.length(24);
    expect(await codeOf(bank.grantee.read(grantId, given(august)))).to.equal("VaultNotShared");
    const first = given(slots[0]);
    expect(first.label).to.equal("2024-07-31T00:00:00Z");
    const reading = await checkShownReading(chains(), await shown(`readings ${JULY}`, first.label));
    expect(reading).to.deep.equal(readingIn(first));
  });

  it("show one month's bill, which is the sum of what the meter settled", async () => {
    const offered = await shown("bills", JULY);
    const bill = await checkShownBill(chains(), offered);
    expect(bill.lastSlot - bill.firstSlot).to.equal(23n);
    const rows = result.homeSlots.filter((row) => row.home === "a").slice(0, 24);
    expect(bill.paidMicro).to.equal(rows.reduce((sum, row) => sum + row.paidMicro, 0n));
    const hidden = JSON.stringify({ ...offered.slot, data: [...offered.slot.data], version: "" });
    expect(hidden).not.to.include(AUGUST);
  });

  it("are believed by the one reader alone, for the meter's holder, in time", async () => {
    const check = async (offered: ShownOfMeter, change: Partial<BothChains> = {}): Promise<string | undefined> =>
      codeOf(checkShownBill(chains(change), offered));
    expect(await check(await shown("bills", JULY), { reader: agent.vault.owner })).to.equal("VaultHolderUnproven");
    expect(await check(await shown("bills", JULY, { until: 1n }))).to.equal("VaultHolderUnproven");
    const other = given(agents.agents.get("b"));
    expect(await check(await shown("bills", JULY, { owner: other.vault.owner }))).to.equal("VaultHolderUnproven");
    expect(await check(await shown("bills", JULY, { meter: other.meter }))).to.equal("VaultHolderUnproven");
    const offered = await shown("bills", JULY);
    const broken = { ...offered.holder, signature: "0x00" };
    expect(await check({ ...offered, holder: broken })).to.equal("VaultHolderUnproven");
    const august = await agent.vault.prove(offered.slot.record, AUGUST);
    expect(await check({ ...offered, slot: { ...offered.slot, data: august.data } })).to.equal("VaultProofFalse");
  });

  it("are caught with a false reading, a false bill, and one of slots that never settled", async () => {
    const label = "2024-07-31T03:00:00Z";
    const true3 = readingIn((await shown(`readings ${JULY}`, label)).slot);
    agent.take({ ...true3, importWh: true3.importWh + 1n });
    agent.take({ ...true3, slot: true3.slot + 9_999n });
    const bill = await checkShownBill(chains(), await shown("bills", JULY));
    agent.takeBill(JULY, { ...bill, paidMicro: bill.paidMicro - 1n });
    agent.takeBill("2024-06", { ...bill, firstSlot: bill.firstSlot - 24n });
    agent.takeBill("2024-05", { ...bill, firstSlot: bill.lastSlot + 1n });
    agent.catchUp();
    await agent.write();
    const both = chains();
    expect(await codeOf(checkShownReading(both, await shown(`readings ${JULY}`, label)))).to.equal(
      "VaultSettlementDiffers",
    );
    expect(await codeOf(checkShownBill(both, await shown("bills", JULY)))).to.equal("VaultSettlementDiffers");
    expect(await codeOf(checkShownBill(both, await shown("bills", "2024-06")))).to.equal("VaultUnsettled");
    expect(await codeOf(checkShownBill(both, await shown("bills", "2024-05")))).to.equal("VaultUnsettled");
    const [future] = [...agent.records.keys()].filter((name) => name.startsWith("readings 2025"));
    const record = await agent.vault.get(given(agent.records.get(given(future))));
    expect(await codeOf(checkShownReading(both, await shown(given(future), given(record.slots[0]).label)))).to.equal(
      "VaultUnsettled",
    );
    const slots = simulation.market.slots;
    const first = given(result.homeSlots[0]).slot;
    const { differences } = await checkVaults(agents, {
      ...result,
      toChain: (slot) => slots.first + BigInt(slot - first),
    });
    expect(differences.join("\n")).to.include("bills of home a: paidMicro").and.to.include("readings of home a: slot");
  });
});

function given<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error("something that must be there is not");
  return value;
}
