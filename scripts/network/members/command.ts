/** `npm run network -- add` and `remove`: a node more, or one less, on a network that runs. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { InvalidArgumentError, Option, type Command } from "commander";

import { admitMember, standingOf } from "../../../sdk/actions/federation.js";
import type { Deployment } from "../../../sdk/deployments/index.js";
import { MemberRole, Standing } from "../../../sdk/enums.js";
import { deploymentPath, readDeployment } from "../../../sdk/node/deployments.js";
import { positive } from "../../inputs/arguments.js";
import { InputError } from "../../inputs/error.js";
import { stopSignal, type Print } from "../../run.js";
import { announcePart, isAnnounced, withdrawPart } from "../agent/announce.js";
import { openChain, type FolderPart } from "../agent/open.js";
import { alone } from "../engine/alone.js";
import { openSite, run, starts, type RunOptions } from "../engine/commands.js";
import { partName } from "../engine/engine.js";
import { isHere, partsOf } from "../engine/parts.js";
import { up } from "../engine/up.js";
import { hostName, nodeName, readNetworkFile, type NetworkFile, type NetworkNode } from "../network-file.js";
import { openOperator, operatorAddresses } from "../operators.js";
import { folderPassword } from "../password.js";
import { addNode } from "./add-node.js";
import { connectedPart } from "./endpoint.js";
import { networkWithout, takeOut } from "./remove-node.js";

interface AddOptions extends RunOptions {
  readonly host: string;
  readonly member?: string;
  readonly storage: NetworkNode["storage"];
  readonly basePort?: number;
  readonly council: boolean;
}

export function addMemberCommands(program: Command, print: Print, environment: NodeJS.ProcessEnv): void {
  starts(run(program, "add", "Makes one more node, announces it once its organisation is admitted, and starts it."))
    .argument("<name>", "the new node's name; again after its admission, to go on", parsed(nodeName))
    .option("--host <host>", "where it runs", parsed(hostName), "127.0.0.1")
    .option("--member <name>", "its organisation's name (default: from the node's)")
    .addOption(
      new Option("--storage <format>", "FOREST keeps all history").choices(["BONSAI", "FOREST"]).default("BONSAI"),
    )
    .option("--base-port <n>", "first of its ports (default: the next ten of its host)", positive)
    .option("--council", "the folder's council admits it, where members do not govern (deploy --council)", false)
    .action((name: string, options: AddOptions) => locked(options, () => add(name, options, { print, environment })));
  starts(run(program, "remove", "Withdraws a node, ends it, and takes it out of the folder; its keys stay, apart."))
    .argument("<name>", "the node's name")
    .action((name: string, options: RunOptions) =>
      locked(options, () => remove(name, options, { print, environment })),
    );
}

async function locked({ dir: folder }: RunOptions, work: () => Promise<void>): Promise<void> {
  const dir = resolve(folder);
  await readNetworkFile(dir); // a folder without a network is told of as such
  await alone(dir, work);
}

interface Surroundings {
  readonly print: Print;
  readonly environment: NodeJS.ProcessEnv;
}

async function add(name: string, options: AddOptions, { print, environment }: Surroundings): Promise<void> {
  const stopped = stopSignal();
  const before = await openSite(options, environment, true);
  const { dir } = before;
  const deployment = await requireDeployment(before.network, options);
  const password = await folderPassword({ passwordFile: options.passwordFile, environment });
  const known = before.network.nodes.find((node) => node.name === name);
  const { network, node } =
    known === undefined
      ? await addNode({ ...options, dir, network: before.network, name, password })
      : { network: before.network, node: known };
  if (known === undefined) print(`Made: keys and files of ${name}.`);
  const parts = partsOf(network, { nodes: [name], chain: options.chain });
  const folderParts = parts.map(({ chain }): FolderPart => ({ dir, network, node, chain }));
  if (options.council) for (const part of folderParts) await admitByCouncil(part, deployment, password);
  const waiting = await notAdmitted(folderParts, deployment);
  if (waiting.length > 0) {
    print(`Not admitted yet: ${waiting.join(", ")}.`);
    print(`Its members decide (docs/operations.md, "How the members decide"). Then: npm run network -- add ${name}`);
    return;
  }
  for (const part of folderParts) print(await announcePart(part, deployment, password));
  if (!(await isHere(node))) {
    print(`Bring its host what docs/operations.md says, and there: npm run network -- up ${name}`);
    return;
  }
  const site = await openSite(options, environment, true); // of the network with the node, and its compose file
  await up(site, parts, { password, stopped, warn: print });
  print(`${parts.map(partName).join(" and ")}: running. Others let it in when their agents read the announcement.`);
}

async function remove(name: string, options: RunOptions, { print, environment }: Surroundings): Promise<void> {
  const site = await openSite(options, environment, false);
  const { dir, network } = site;
  const smaller = await networkWithout(site, name);
  const file = deploymentFile(network, options);
  if (existsSync(file)) {
    const deployment = await readDeployment(file);
    const password = await folderPassword({ passwordFile: options.passwordFile, environment });
    for (const { node, chain } of partsOf(network, { nodes: [name] })) {
      const part: FolderPart = { dir, network, node, chain };
      if (await isAnnounced(part, deployment)) print(await withdrawPart(part, deployment, password));
    }
  }
  await takeOut(site, name, smaller);
  print(`${name} is taken out; what it had is in ${resolve(dir, "removed")}, its accounts' keys in operators.`);
}

function deploymentFile(network: NetworkFile, { deployment }: RunOptions): string {
  return deployment ?? deploymentPath(network.name);
}

/** Before there are contracts, nobody could let the node in. */
async function requireDeployment(network: NetworkFile, options: RunOptions): Promise<Deployment> {
  const file = deploymentFile(network, options);
  if (existsSync(file)) return readDeployment(file);
  const advice = "Deploy first (network deploy), or make the network with this node from the start (init)";
  throw new InputError({ file }, "there is no deployment file, so that nobody can let the node in", advice);
}

async function admitByCouncil(part: FolderPart, deployment: Deployment, password: string): Promise<void> {
  const council = await openOperator(part.dir, part.chain, "council", password);
  const member = await memberOf(part);
  const { chain, close } = await openChain(await connectedPart(part), deployment, (provider) =>
    council.connect(provider),
  );
  try {
    if ((await standingOf(chain, member)) === Standing.None) {
      await admitMember(chain, { member, roles: [MemberRole.Accountant] });
    }
  } finally {
    close();
  }
}

/** The part's organisations that may not act, in words. */
async function notAdmitted(parts: readonly FolderPart[], deployment: Deployment): Promise<string[]> {
  const waiting: string[] = [];
  for (const part of parts) {
    const member = await memberOf(part);
    const { chain, close } = await openChain(await connectedPart(part), deployment, (provider) => provider);
    try {
      if ((await standingOf(chain, member)) !== Standing.Active) waiting.push(`${member} on the ${part.chain} chain`);
    } finally {
      close();
    }
  }
  return waiting;
}

async function memberOf({ dir, chain, node }: FolderPart): Promise<string> {
  const address = (await operatorAddresses(dir, chain)).get(node.name);
  if (address !== undefined) return address;
  throw new InputError(
    { file: "operators" },
    `there is no keystore of ${node.name}`,
    "Restore the folder's operators/",
  );
}

/** An argument that the schema of `network.json` takes. */
function parsed(schema: { safeParse(text: string): { success: boolean; error?: { issues: { message: string }[] } } }) {
  return (text: string): string => {
    const { success, error } = schema.safeParse(text);
    if (success) return text;
    throw new InvalidArgumentError(`It ${error?.issues[0]?.message ?? "is not valid"}.`);
  };
}
