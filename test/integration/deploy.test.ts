import { expect } from "chai";
import { AbiCoder, type FunctionFragment } from "ethers";

import { CONTRACT_ROLES, GOVERNANCE_ROLES, TRANSACTION_FUNCTIONS, USER_FUNCTIONS } from "../../deploy/wiring.js";
import type { AnyChain } from "../../sdk/connect.js";
import { CONTRACT_INTERFACES, decodeError, type ContractName } from "../../sdk/contracts.js";
import { AccessRole, MemberRole, rolesMask } from "../../sdk/enums.js";
import type { TransactionContractName } from "../../sdk/deployments/index.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import { changingFunctions, emptyValue } from "../utils/changing-functions.js";

const STRANGER = `0x${"5a".repeat(20)}`;
/** Reserved for ADMIN, and why. */
const ADMIN_FUNCTIONS: Readonly<Record<AnyChain["kind"], Readonly<Record<string, string>>>> = {
  transaction: {
    "Arrears.bindEscrow": "once, at deployment",
    "TradeEscrow.bindFeesAccount": "once, at deployment",
    "AccountingRevenue.bindParts": "once, at deployment",
    "AccountantElection.bindParts": "once, at deployment",
    "VoteBook.bindRevenue": "once, at deployment",
    "Federation.bindObserver": "once, at deployment",
  },
  user: {
    "AccountantElection.bindParts": "once, at deployment",
    "Federation.bindObserver": "once, at deployment",
  },
};
/** Every AccessManaged contract has it: only the AccessManager itself may call. */
const AUTHORITY_FUNCTION = "setAuthority";

/** Arguments for which these functions come to their access check: the state that they ask for first. */
const FITTING_ARGUMENTS: Readonly<Record<string, readonly unknown[]>> = {
  "GridTopology.setEdge": [2n, 0n, false, 0n, 0n],
};

function rolesOfContract(name: TransactionContractName): AccessRole[] {
  return [...GOVERNANCE_ROLES, ...CONTRACT_ROLES]
    .filter(({ contracts }) => (contracts as readonly string[]).includes(name))
    .map(({ role }) => role);
}

describe("deployment", () => {
  let network: EmbeddedNetwork;

  before(async function () {
    this.timeout(120_000);
    network = await openEmbedded({ seed: 1, slotSeconds: 3_600, genesisTime: 1_473_638_400n });
    // a member, a city and a district, so that every restricted function gets as far as its access check
    const { council, issuer, regulator } = network.operators.transaction;
    const gas = { gasLimit: 1_000_000n };
    for (const chain of [network.transaction, network.user] as const) {
      const signer = (chain.kind === "user" ? network.operators.user.council : council).connect(chain.provider);
      await (await chain.contracts.federation.connect(signer).admitMember(STRANGER, 1n, gas)).wait();
    }
    const asCouncil = council.connect(network.transaction.provider);
    const federation = network.transaction.contracts.federation.connect(asCouncil);
    for (const [member, role] of [
      [issuer.address, MemberRole.ServiceProvider],
      [regulator.address, MemberRole.Regulator],
    ] as const) {
      await (await federation.admitMember(member, rolesMask([role]), gas)).wait();
    }
    const grid = network.transaction.contracts.gridTopology.connect(asCouncil);
    await (await grid.createArea(0n, gas)).wait();
    await (await grid.createArea(1n, gas)).wait();
  });

  after(() => network.close());

  /** The name of the error that a call meets; undefined when it passes. */
  async function refusal(
    chain: AnyChain,
    contract: ContractName,
    fragment: FunctionFragment,
    from: string,
  ): Promise<string | undefined> {
    const values =
      FITTING_ARGUMENTS[`${contract}.${fragment.name}`] ?? fragment.inputs.map((type) => emptyValue(type, STRANGER));
    const data = CONTRACT_INTERFACES[contract].encodeFunctionData(fragment, values);
    const { address } = (chain.deployment.contracts as Record<string, { address: string }>)[contract] ?? {
      address: "",
    };
    try {
      await chain.provider.call({ to: address, from, data });
      return undefined;
    } catch (error) {
      return decodeError(error).code;
    }
  }

  it("names every contract, with code at its address", async () => {
    for (const chain of [network.transaction, network.user] as const) {
      for (const [name, { address }] of Object.entries(chain.deployment.contracts)) {
        expect((await chain.provider.getCode(address)).length, name).to.be.above(2);
      }
    }
  });

  for (const [kind, table] of [
    ["transaction", TRANSACTION_FUNCTIONS],
    ["user", USER_FUNCTIONS],
  ] as const) {
    it(`refuses a stranger every restricted function of the ${kind} chain, and they are the wiring's`, async () => {
      const chain = network[kind];
      const refused: string[] = [];
      for (const contract of Object.keys(chain.deployment.contracts) as ContractName[]) {
        if (contract === "FederationAccessManager") continue;
        for (const fragment of changingFunctions(contract)) {
          if (fragment.name === AUTHORITY_FUNCTION) continue;
          const error = await refusal(chain, contract, fragment, STRANGER);
          if (error === "AccessManagedUnauthorized") refused.push(`${contract}.${fragment.name}`);
        }
      }
      const wired = table.flatMap(({ contract, functions }) => functions.map((name) => `${contract}.${name}`));
      const admin = Object.keys(ADMIN_FUNCTIONS[kind]);
      expect(refused.sort()).to.deep.equal([...wired, ...admin].sort());
    });
  }

  it("lets each role call its functions, and no other role", async () => {
    const { council, issuer, regulator } = network.operators.transaction;
    const holders = new Map<string, AccessRole[]>([
      [council.address, [AccessRole.Council]],
      [issuer.address, [AccessRole.Issuer]],
      [regulator.address, [AccessRole.Regulator]],
    ]);
    for (const [name, { address }] of Object.entries(network.deployment.chains.transaction.contracts)) {
      holders.set(address, rolesOfContract(name as TransactionContractName));
    }
    for (const { contract, role, functions } of TRANSACTION_FUNCTIONS) {
      for (const name of functions) {
        const fragment = CONTRACT_INTERFACES[contract].getFunction(name);
        if (fragment === null) throw new Error(`${contract} has no ${name}`);
        for (const [holder, roles] of holders) {
          const error = await refusal(network.transaction, contract, fragment, holder);
          const isRefused = error === "AccessManagedUnauthorized";
          expect(isRefused, `${contract}.${name} by ${holder}`).to.equal(!roles.includes(role));
        }
      }
    }
  });

  it("gives contracts the roles of the wiring, and no other contract or operator any", async () => {
    const { federationAccessManager } = network.transaction.contracts;
    const contracts = network.deployment.chains.transaction.contracts;
    const { council, issuer, regulator, relayer, accountant1, node1, deployer } = network.operators.transaction;
    const expected = new Map<string, AccessRole[]>([
      [council.address, [AccessRole.Council]],
      [issuer.address, [AccessRole.Issuer]],
      [regulator.address, [AccessRole.Regulator]],
      [deployer.address, [AccessRole.Admin]],
      ...[relayer, accountant1, node1].map((wallet): [string, AccessRole[]] => [wallet.address, []]),
      ...Object.entries(contracts).map(([name, { address }]): [string, AccessRole[]] => [
        address,
        rolesOfContract(name as TransactionContractName),
      ]),
    ]);
    for (const [account, roles] of expected) {
      for (const [name, role] of Object.entries(AccessRole)) {
        const { isMember, executionDelay } = await federationAccessManager.hasRole(role, account);
        expect(isMember, `${account} has ${name}`).to.equal(roles.includes(role));
        expect(executionDelay).to.equal(0n);
      }
    }
  });

  it("lets neither a suspended issuer nor a suspended regulator use its role", async () => {
    const { council, issuer, regulator } = network.operators.transaction;
    const { federation } = network.transaction.contracts;
    const asCouncil = federation.connect(council.connect(network.transaction.provider));
    const issue = CONTRACT_INTERFACES.EnergyCredit.getFunction("issue");
    const setRules = CONTRACT_INTERFACES.MarketRules.getFunction("setRules");
    if (issue === null || setRules === null) throw new Error("a contract lacks its function");
    const refusals = async (): Promise<boolean[]> => {
      const codes = [
        await refusal(network.transaction, "EnergyCredit", issue, issuer.address),
        await refusal(network.transaction, "MarketRules", setRules, regulator.address),
      ];
      return codes.map((code) => code === "AccessManagedUnauthorized");
    };
    const gas = { gasLimit: 1_000_000n };
    const until = await federation.UNTIL_REINSTATED();
    expect(await refusals()).to.deep.equal([false, false]);
    for (const { address } of [issuer, regulator]) await (await asCouncil.suspend(address, until, gas)).wait();
    expect(await refusals()).to.deep.equal([true, true]);
    for (const { address } of [issuer, regulator]) await (await asCouncil.reinstate(address, gas)).wait();
    expect(await refusals()).to.deep.equal([false, false]);
  });

  it("asks the Federation of its own chain, for ever", async () => {
    for (const { contracts, deployment } of [network.transaction, network.user] as const) {
      expect(await contracts.federationAccessManager.federation()).to.equal(deployment.contracts.Federation.address);
    }
    const { contracts, deployment } = network.user;
    for (const contract of [contracts.personalRecords, contracts.recordGrants, contracts.keyDirectory]) {
      expect(await contract.FEDERATION()).to.equal(deployment.contracts.Federation.address);
    }
  });

  it("binds the fees' account, and nobody can bind another", async () => {
    const { tradeEscrow } = network.transaction.contracts;
    const { AccountingRevenue } = network.deployment.chains.transaction.contracts;
    expect(await tradeEscrow.feesAccount()).to.equal(AccountingRevenue.address);
    const data = tradeEscrow.interface.encodeFunctionData("bindFeesAccount", [STRANGER]);
    const { deployer } = network.operators.transaction;
    let code: string | undefined;
    try {
      await network.transaction.provider.call({ to: await tradeEscrow.getAddress(), from: deployer.address, data });
    } catch (error) {
      code = decodeError(error).code;
    }
    expect(code).to.equal("TradeEscrowFeesAccountBound");
  });

  it("starts either chain with four founders in their seats, who are not the node keys", async () => {
    for (const chain of [network.transaction, network.user] as const) {
      const { accountantElection } = chain.contracts;
      const operators = network.operators[chain.kind];
      const nodes = [operators.node1, operators.node2, operators.node3, operators.node4].map(({ address }) => address);
      const set = await accountantElection.getValidators();
      expect([...set].sort()).to.deep.equal(nodes.sort());
      const candidate = await accountantElection.candidateOf(operators.accountant1.address);
      expect((await accountantElection.candidateInfo(candidate)).node).to.equal(operators.node1.address);
      expect((await accountantElection.bookingOf(operators.node1.address)).candidate).to.equal(candidate);
    }
  });

  it("labels the roles", async () => {
    const { federationAccessManager } = network.transaction.contracts;
    const logs = await federationAccessManager.queryFilter(federationAccessManager.filters.RoleLabel());
    expect(logs.map(({ args }) => [args.roleId, args.label])).to.deep.include([AccessRole.Council, "COUNCIL"]);
    expect(logs).to.have.length(Object.keys(AccessRole).length - 1);
  });

  it("wires every contract to the others of the same deployment", async () => {
    const contracts = network.deployment.chains.transaction.contracts;
    const own = new Set(Object.values(contracts).map(({ address }) => address));
    for (const name of ["GridTopology", "EnergyMarket", "BilateralContracts", "Clearing"] as const) {
      const abi = CONTRACT_INTERFACES[name];
      const getters: FunctionFragment[] = [];
      abi.forEachFunction((fragment) => {
        if (/^[A-Z_]+$/.test(fragment.name) && fragment.outputs[0]?.type === "address") getters.push(fragment);
      });
      expect(getters.length, name).to.be.above(2);
      for (const getter of getters) {
        const to = contracts[name].address;
        const result = await network.transaction.provider.call({ to, data: abi.encodeFunctionData(getter) });
        const [address] = AbiCoder.defaultAbiCoder().decode(["address"], result) as unknown as [string];
        expect(own.has(address), `${name}.${getter.name}`).to.equal(true);
      }
    }
  });

  it("never continues an earlier one: two of the same seed stand on chains of their own", async () => {
    const other = await openEmbedded({ seed: 1, slotSeconds: 3_600, genesisTime: 1_473_638_400n });
    try {
      const block = await other.transaction.provider.getBlock(other.deployment.chains.transaction.deploymentBlock);
      expect(block?.number).to.equal(1);
      for (const { address } of Object.values(other.deployment.chains.transaction.contracts)) {
        expect((await other.transaction.provider.getCode(address)).length).to.be.above(2);
      }
    } finally {
      await other.close();
    }
  });
});
