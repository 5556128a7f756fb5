/** Genesis files: the block's hash as a real Besu computed it, and contracts as their real constructors leave them. */
import { readFileSync } from "node:fs";

import { expect } from "chai";
import { ZeroHash } from "ethers";

import { marketParameters } from "../../deploy/parameters.js";
import { PREDEPLOYED, predeployedAddress } from "../../deploy/predeployed.js";
import { genesisHash, genesisText } from "../../scripts/network/genesis/genesis-file.js";
import { predeploy, type Predeployed } from "../../scripts/network/genesis/predeploy.js";
import { foundersOf, operatorsFromSeed } from "../../scripts/networks/operators.js";
import { eventDecoder } from "../../sdk/events.js";
import { predeployedFor } from "../utils/predeployed.js";

const FOLDER = "test/fixtures/besu-qbft";

describe("The hash of a genesis block", () => {
  const text = readFileSync(`${FOLDER}/genesis.json`, "utf8");
  const [block] = JSON.parse(readFileSync(`${FOLDER}/blocks.json`, "utf8")) as [{ block: { hash: string } }];

  it("is what a real Besu made of the recorded chain's genesis file", () => {
    expect(genesisHash(text)).to.equal(block.block.hash);
  });

  it("is another for a word of storage, an account, or a fork more", () => {
    type Changed = { config: Record<string, unknown>; alloc: Record<string, { storage?: Record<string, string> }> };
    const changes: ((genesis: Changed) => void)[] = [
      ({ alloc }) => ((alloc["0x0000000000000000000000000000000000008888"] ??= {}).storage = { "0x0": "0x1" }),
      ({ alloc }) => (alloc["0x0000000000000000000000000000000000009999"] = { storage: {} }),
      ({ config }) => (config["pragueTime"] = 0),
    ];
    const hashes = changes.map((change) => {
      const genesis = JSON.parse(text) as Changed;
      change(genesis);
      return genesisHash(JSON.stringify(genesis));
    });
    expect(new Set([block.block.hash, ...hashes])).to.have.lengthOf(4);
  });
});

describe("The contracts of a genesis block", function () {
  this.timeout(120_000);
  const TIME = 1_767_225_600n;
  const operators = operatorsFromSeed(3);
  let made: Predeployed;
  let user: Predeployed;

  before(async () => {
    const times = { slotSeconds: 900, genesisTime: TIME };
    made = await predeployedFor("transaction", operators, times);
    user = await predeployedFor("user", operators, times);
  });

  it("stand where they stand on every network, with one address for a name on both chains", () => {
    expect(made.contracts).to.deep.equal(
      Object.fromEntries(PREDEPLOYED.map((name) => [name, predeployedAddress(name)])),
    );
    expect(Object.keys(user.contracts)).to.deep.equal(["FederationAccessManager", "Federation", "AccountantElection"]);
    for (const [name, address] of Object.entries(user.contracts))
      expect(made.contracts).to.have.property(name, address);
    expect(Object.keys(made.accounts).sort()).to.deep.equal(Object.values(made.contracts).sort());
    expect(Object.keys(user.accounts).sort()).to.deep.equal(Object.values(user.contracts).sort());
  });

  it("have the nonce of a contract, and no coins", () => {
    for (const { nonce, balance, code } of [...Object.values(made.accounts), ...Object.values(user.accounts)]) {
      expect([nonce, balance]).to.deep.equal([1n, 0n]);
      expect(code.length).to.be.greaterThan(2_000);
    }
  });

  it("are the same bytes when they are made again, and others for another founder, deployer or chain", async () => {
    const textOf = ({ accounts }: Predeployed): string =>
      genesisText({ chainId: 1, genesisTime: 1, blockSeconds: 2, requestTimeoutSeconds: 4, accounts });
    const again = await predeployedFor("transaction", operators, { slotSeconds: 900, genesisTime: TIME });
    expect(textOf(again)).to.equal(textOf(made));
    const other = await predeployedFor("transaction", operatorsFromSeed(4), { slotSeconds: 900, genesisTime: TIME });
    expect(textOf(other)).not.to.equal(textOf(made));
    expect(textOf(user)).not.to.equal(textOf(made));
  });

  it("were founded by the founders' nodes, which their events say", () => {
    const decode = eventDecoder({
      contracts: Object.fromEntries(Object.entries(made.contracts).map(([name, address]) => [name, { address }])),
    });
    const events = made.logs.map((log, index) => decode({ ...log, index, blockNumber: 0, transactionHash: ZeroHash }));
    const changed = events.find((event) => event?.name === "ValidatorSetChanged");
    const nodes = foundersOf(operators.transaction).map(({ node }) => node);
    expect(changed?.args["validators"]).to.have.members(nodes);
    const granted = events.find((event) => event?.name === "RoleGranted");
    expect(granted?.args["account"]).to.equal(operators.transaction.deployer.address);
  });

  it("fail as their constructors fail", async () => {
    const [founder] = foundersOf(operators.transaction);
    const attempt = predeploy({
      chain: "user",
      chainId: 1,
      genesisTime: 1_000,
      deployer: operators.user.deployer.address,
      election: { ...(await marketParameters(900)).election, minimumDepositMicro: 0n },
      founders: founder === undefined ? [] : [founder, founder, founder, founder],
    });
    const error = await attempt.then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).to.match(/constructor/);
  });
});
