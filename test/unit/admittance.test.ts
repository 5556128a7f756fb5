import { expect } from "chai";
import { getAddress, keccak256, toUtf8Bytes, Wallet, ZeroAddress } from "ethers";

import {
  canonicalEnode,
  enodeIdOf,
  enodeOf,
  hostOfBytes16,
  ipToBytes16,
  nodeAddressOf,
} from "../../sdk/admittance/enode.js";
import {
  digestsOf,
  listDigest,
  listsOf,
  unannouncedValidators,
  type DirectoryNode,
} from "../../sdk/admittance/lists.js";
import { Standings } from "../../sdk/admittance/standings.js";
import type { ChainEvent } from "../../sdk/events.js";

const ID = "ab".repeat(64);

describe("enode URLs", () => {
  it("write an IP address as 16 bytes, and back as Besu prints it", () => {
    // the right-hand sides of IPv6 are what Besu 26.8 answered to perm_getNodesAllowlist
    const printed: Readonly<Record<string, string>> = {
      "127.0.0.1": "127.0.0.1",
      "0.0.0.0": "0.0.0.0",
      "255.1.20.3": "255.1.20.3",
      "2001:0db8::0001": "[2001:db8::1]",
      "2001:DB8:0:0:0:0:0:1": "[2001:db8::1]",
      "::1.2.3.4": "[::102:304]",
      "::ffff:1.2.3.4": "1.2.3.4",
      "ff02::1": "[ff02::1]",
      "::2:0:0:1": "[::2:0:0:1]",
      "1:0:0:2:0:0:0:3": "[1:0:0:2::3]",
      "1:2:3:4:5:6:7:8": "[1:2:3:4:5:6:7:8]",
      "::1": "[::1]",
      "fe80::": "[fe80::]",
    };
    for (const [text, host] of Object.entries(printed)) {
      const bytes = ipToBytes16(text);
      expect(bytes, text).to.match(/^0x[0-9a-f]{32}$/);
      expect(hostOfBytes16(bytes ?? ""), text).to.equal(host);
    }
    expect(ipToBytes16("10.0.0.1")).to.equal("0x00000000000000000000ffff0a000001");
  });

  it("take no name, and nothing that is half an address", () => {
    for (const text of [
      "example.org",
      "localhost",
      "",
      "256.1.1.1",
      "1.2.3",
      "1.2.3.4.5",
      "::g",
      "1::2::3",
      "[::1]",
      "::1%lo",
      "12345::",
    ]) {
      expect(ipToBytes16(text), text).to.equal(undefined);
    }
  });

  it("have one form", () => {
    const canonical = `enode://${ID}@10.0.0.1:30303`;
    expect(canonicalEnode(`enode://${ID.toUpperCase()}@10.0.0.1:30303?discport=0`)).to.equal(canonical);
    expect(canonicalEnode(canonical)).to.equal(canonical);
    expect(canonicalEnode(`enode://${ID}@[2001:DB8:0::1]:1`)).to.equal(`enode://${ID}@[2001:db8::1]:1`);
    expect(canonicalEnode(`enode://${ID}@node1.Example.org:1`)).to.equal(`enode://${ID}@node1.example.org:1`);
    expect(canonicalEnode("rubbish")).to.equal("rubbish");
    const [keyX, keyY] = [`0x${ID.slice(0, 64)}`, `0x${ID.slice(64)}`];
    expect(enodeOf({ keyX, keyY, ip: "0x00000000000000000000ffff0a000001", port: 30_303n })).to.equal(canonical);
  });

  it("tell the address of the node's key", () => {
    const wallet = new Wallet(`0x${"11".repeat(32)}`);
    const url = `enode://${wallet.signingKey.publicKey.slice(4)}@10.0.0.1:30303`;
    expect(nodeAddressOf(url)).to.equal(wallet.address);
    expect(enodeIdOf(url)).to.equal(wallet.signingKey.publicKey.slice(4));
    expect(nodeAddressOf(`enode://${ID}@10.0.0.1:30303`), "no point of the curve").to.equal(undefined);
    expect(nodeAddressOf("rubbish")).to.equal(undefined);
  });
});

const account = (digit: string): string => getAddress(`0x${digit.repeat(40)}`);

function directoryNode(number: number, changes: Partial<DirectoryNode> = {}): DirectoryNode {
  const wallet = new Wallet(`0x${String(number).padStart(64, "0")}`);
  const key = wallet.signingKey.publicKey.slice(4);
  const ip = `0x00000000000000000000ffff0a0000${String(number).padStart(2, "0")}`;
  return {
    node: wallet.address,
    member: account("1"),
    counts: true,
    keyX: `0x${key.slice(0, 64)}`,
    keyY: `0x${key.slice(64)}`,
    agent: account("a"),
    ip,
    port: 30_303n,
    ...changes,
  };
}

describe("allow-lists by the contracts", () => {
  it("have active accounts, agents of nodes that count, and who is always listed, each once in order", () => {
    const nodes = [
      directoryNode(1),
      directoryNode(2, { counts: false, agent: account("b") }),
      directoryNode(3, { agent: account("9") }), // expelled itself
    ];
    const admitted = { active: [account("2"), account("1")], inactive: [account("9")], nodes, validators: [] };
    const { accounts } = listsOf(admitted, [account("c"), account("2").toLowerCase()]);
    expect(accounts).to.deep.equal(["1", "2", "a", "c"].map((digit) => account(digit).toLowerCase()));
  });

  it("have nodes that count, and nodes in force whose member is not active", () => {
    const [first, second, third] = [
      directoryNode(1),
      directoryNode(2, { counts: false }),
      directoryNode(3, { counts: false }),
    ];
    const validators = [second.node.toLowerCase(), account("7")];
    const admitted = { active: [], inactive: [], nodes: [third, second, first], validators };
    const { nodes } = listsOf(admitted, []);
    expect(nodes).to.deep.equal([enodeOf(first), enodeOf(second)].sort());
    expect(unannouncedValidators(admitted)).to.deep.equal([account("7")]);
  });

  it("have the digest that docs/operations.md states", () => {
    const [first, second] = [account("1").toLowerCase(), account("2").toLowerCase()];
    expect(listDigest([first, second])).to.equal(keccak256(toUtf8Bytes(`${first}\n${second}\n`)));
    expect(listDigest([])).to.equal(keccak256("0x"));
    const { accountsDigest, nodesDigest } = digestsOf({ accounts: [first], nodes: [] });
    expect([accountsDigest, nodesDigest]).to.deep.equal([listDigest([first]), listDigest([])]);
  });
});

describe("standings", () => {
  const event = (
    name: string,
    args: ChainEvent["args"],
    contract: ChainEvent["contract"] = "Federation",
  ): ChainEvent => {
    return { contract, name, args, block: 1, logIndex: 0, transaction: "0x" };
  };

  it("follow admissions, suspensions with their end, reinstatements and expulsions", () => {
    const standings = new Standings();
    const [member, user] = [account("1"), account("2")];
    standings.apply(event("MemberAdmitted", { member, roles: 1n }));
    standings.apply(event("UserAdmitted", { user, registrar: member, credentialCommitment: "0x" }));
    expect(standings.at(0n)).to.deep.equal({ active: [member, user], inactive: [] });
    standings.apply(event("AccountSuspended", { account: user, until: 100n, by: member, byCouncil: false }));
    expect(standings.at(99n)).to.deep.equal({ active: [member], inactive: [user] });
    expect(standings.at(100n)).to.deep.equal({ active: [member, user], inactive: [] });
    standings.apply(event("AccountReinstated", { account: user, by: member }));
    expect(standings.at(0n).active).to.deep.equal([member, user]);
    standings.apply(event("AccountExpelled", { account: user, by: member }));
    expect(standings.at(1_000n)).to.deep.equal({ active: [member], inactive: [user] });
  });

  it("leave out what says nothing of standings, and refuse what contradicts itself", () => {
    const standings = new Standings();
    expect(standings.apply(event("MemberRolesChanged", { member: account("1"), roles: 1n }))).to.equal(false);
    expect(standings.apply(event("MemberAdmitted", { member: account("1") }, "NodeDirectory"))).to.equal(false);
    expect(standings.at(0n)).to.deep.equal({ active: [], inactive: [] });
    expect(() => standings.apply(event("AccountExpelled", { account: ZeroAddress }))).to.throw(RangeError);
  });
});
