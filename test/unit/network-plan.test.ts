/** Which nodes a network is made of: ports without overlap, hosts that others reach, and the file that names them. */
import { expect } from "chai";

import { InputError } from "../../scripts/inputs/error.js";
import { parseHosts } from "../../scripts/network/init/hosts-file.js";
import { planNodes, type PlannedNode } from "../../scripts/network/init/plan.js";
import {
  CHAIN_NAMES,
  enodeUrl,
  parseNetworkFile,
  rpcUrl,
  type NetworkFile,
} from "../../scripts/network/network-file.js";

const FILE = "hosts.jsonl";

function line(number: number, changes: object = {}): string {
  const role = "accountant";
  return JSON.stringify({ name: `accountant${number}`, role, host: `10.0.0.${number}`, ...changes });
}
const FOUR = [1, 2, 3, 4].map((number) => line(number));

function plan(lines: readonly string[], basePort = 30_300): PlannedNode[] {
  const hosts = { file: FILE, lines: parseHosts(lines.join("\n"), FILE) };
  return planNodes({ accountants: 4, standby: 1, chains: CHAIN_NAMES, basePort, hosts });
}

function portsOf(nodes: readonly PlannedNode[]): number[] {
  return nodes.flatMap(({ ports }) => Object.values(ports).flatMap((each) => Object.values(each) as number[]));
}

describe("the nodes of a network", () => {
  it("have ports of their own on loopback, from the base port on", () => {
    const nodes = planNodes({ accountants: 7, standby: 2, chains: CHAIN_NAMES, basePort: 20_000 });
    const ports = portsOf(nodes);
    expect(ports).to.have.lengthOf(9 * 2 * 4);
    expect(new Set(ports).size).to.equal(ports.length);
    expect(Math.min(...ports)).to.equal(20_000);
    expect(nodes.map(({ host }) => host)).to.satisfy((hosts: string[]) => hosts.every((host) => host === "127.0.0.1"));
  });

  it("have the same ports on hosts of their own, and others on a host that they share", () => {
    const nodes = plan(["# the founders", "", ...FOUR, line(5, { role: "standby", host: "10.0.0.4" })]);
    const [first, , , fourth, fifth] = nodes;
    expect(first?.ports).to.deep.equal(fourth?.ports);
    expect(fifth?.ports.transaction?.p2pPort).to.equal(30_310);
    expect(first?.member).to.equal("Accountant 1");
  });

  const refused: [string, string[], RegExp][] = [
    ["a name twice", [...FOUR, line(2, { host: "10.0.0.9" })], /hosts\.jsonl:5: the node accountant2 is there twice/],
    [
      "a port twice on a host",
      [
        ...FOUR.slice(0, 3),
        line(4, { host: "10.0.0.1", ports: { user: { p2p: 30_300, rpc: 9, metrics: 10, agent: 11 } } }),
      ],
      /hosts\.jsonl:4: port 30300 of 10\.0\.0\.1 is taken by accountant1 \(transaction chain\), p2pPort/,
    ],
    [
      "a port twice in a line",
      [...FOUR.slice(0, 3), line(4, { ports: { user: { p2p: 1, rpc: 1, metrics: 2, agent: 3 } } })],
      /hosts\.jsonl:4: port 1 of 10\.0\.0\.4 is taken by accountant4/,
    ],
    ["an address that means every one", ["", line(1, { host: "0.0.0.0" })], /hosts\.jsonl:2: 'host': is every address/],
    ["another name of this machine", [line(1, { host: "127.0.0.2" })], /hosts\.jsonl:1: 'host': .*give 127\.0\.0\.1/],
    ["its DNS name", [line(1, { host: "localhost" })], /hosts\.jsonl:1: 'host': .*give 127\.0\.0\.1/],
    ["a host that is none", [line(1, { host: "10.0.0.300" })], /hosts\.jsonl:1: 'host': is neither/],
    ["a URL", [line(1, { host: "http://a.example" })], /hosts\.jsonl:1: 'host': is neither/],
    [
      "a loopback address among others",
      [...FOUR.slice(0, 3), line(4, { host: "127.0.0.1" })],
      /hosts\.jsonl:4: 127\.0\.0\.1 can be reached from accountant4's own machine alone/,
    ],
    [
      "a port that is none",
      [line(1, { ports: { user: { p2p: 0, rpc: 1, metrics: 2, agent: 3 } } })],
      /:1: 'ports\.user\.p2p'/,
    ],
    ["an unknown field", [line(1, { hots: "x" })], /hosts\.jsonl:1: the line: Unrecognized key/],
    ["no JSON", [...FOUR, "accountant5 10.0.0.5"], /hosts\.jsonl:5: the line is no JSON object/],
    ["a name for a path", [line(1, { name: "../x" })], /hosts\.jsonl:1: 'name': is no node name/],
    ["three accountants", FOUR.slice(0, 3), /hosts\.jsonl: 3 accountants are no federation/],
    ["nobody", ["# nobody"], /hosts\.jsonl: it names no node/],
    [
      "one keeper of history",
      FOUR.map((text, index) => text.replace("}", `,"storage":"${index === 0 ? "FOREST" : "BONSAI"}"}`)),
      /hosts\.jsonl: 1 nodes keep all history, and 2 must/,
    ],
  ];
  for (const [what, lines, message] of refused) {
    it(`are refused by line: ${what}`, () => {
      expect(() => plan(lines)).to.throw(InputError, message);
    });
  }

  it("are refused when their ports end beyond the last", () => {
    expect(() =>
      plan(
        FOUR.map((text) => text.replace(/10\.0\.0\.\d/, "10.0.0.1")),
        65_508,
      ),
    ).to.throw(InputError, /hosts\.jsonl:4: accountant4 would have port 65544/);
  });
});

describe("network.json", () => {
  const chain = { chainId: 1, genesisTime: 1, genesisHash: `0x${"11".repeat(32)}` };
  const node = (number: number, changes: object = {}): object => ({
    name: `accountant${number}`,
    member: "City Works",
    role: "accountant",
    host: "10.0.0.1",
    storage: "FOREST",
    chains: {
      user: {
        address: `0x${String(number).repeat(40)}`,
        enodeId: String(number).repeat(128),
        p2pPort: 30_300 + 10 * number,
        rpcPort: 30_301 + 10 * number,
        metricsPort: 30_302 + 10 * number,
        agentMetricsPort: 30_306 + 10 * number,
        agentAccount: `0x${String(number + 4).repeat(40)}`,
      },
    },
    ...changes,
  });
  const network = (changes: object = {}): string =>
    JSON.stringify({
      version: 1,
      name: "besu",
      besu: { minimumVersion: "26.4.0", image: "hyperledger/besu:26.8.0" },
      blockSeconds: 2,
      requestTimeoutSeconds: 4,
      chains: { user: chain },
      nodes: [node(1), node(2)],
      ...changes,
    });
  const read = (text: string): NetworkFile => parseNetworkFile(text, "network.json");

  it("names nodes as peers and RPC clients do", () => {
    const { nodes } = read(
      network({ nodes: [node(1), node(2, { host: "2001:db8::2" }), node(3, { host: "a.example" })] }),
    );
    expect(nodes.map((each) => enodeUrl(each, "user").split("@")[1])).to.deep.equal([
      "10.0.0.1:30310",
      "[2001:db8::2]:30320",
      "a.example:30330",
    ]);
    const [first, second] = nodes;
    if (first === undefined || second === undefined) throw new Error("no nodes");
    expect(rpcUrl({}, first, "user")).to.equal("http://127.0.0.1:30311");
    expect(rpcUrl({ tls: true }, second, "user")).to.equal("https://[2001:db8::2]:30321");
  });

  const refused: [string, object, RegExp][] = [
    ["a chain that is none", { chains: {} }, /'chains': names no chain/],
    ["a node on no chain of the network", { chains: { transaction: chain } }, /'nodes\.0\.chains\.user': is no chain/],
    ["one that keeps history", { nodes: [node(1), node(2, { storage: "BONSAI" })] }, /keep the user chain's history/],
    ["a node twice", { nodes: [node(1), node(1)] }, /'nodes\.1\.name': the node accountant1 is there twice/],
    [
      "a key twice",
      { nodes: [node(1), { ...node(2), chains: node(1)["chains" as never] }] },
      /'nodes\.1\.chains\.user/,
    ],
    [
      "a node on loopback among others",
      { nodes: [node(1), node(2, { host: "127.0.0.1" })] },
      /'nodes\.1\.host': is reached from its own machine alone/,
    ],
    ["an unknown field", { secret: "x" }, /the top level: Unrecognized key/],
  ];
  for (const [what, changes, message] of refused) {
    it(`is refused by field: ${what}`, () => {
      expect(() => read(network(changes))).to.throw(InputError, message);
    });
  }
});
