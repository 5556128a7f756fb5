/** `npm run audit -- prove` and `check`: evidence for others, and its check without any endpoint. */
import { readFile } from "node:fs/promises";

import type { Command } from "commander";
import { InvalidArgumentError } from "commander";

import type { AnyChain } from "../../../sdk/connect.js";
import { readDeployment, writeFileAtOnce } from "../../../sdk/node/deployments.js";
import { address, subcommand, word, words } from "../../inputs/arguments.js";
import { InputError } from "../../inputs/error.js";
import { deploymentFileOf } from "../../networks/served.js";
import type { Print } from "../../run.js";
import { openChain } from "../open.js";
import type { Trust } from "./anchor.js";
import { checkEvidence, type Verdict } from "./check.js";
import { proveReadings, proveSettlement, proveTransaction } from "./prove.js";

interface ProveOptions {
  readonly network: string;
  readonly rpc?: string;
  readonly out: string;
}

interface CheckOptions {
  readonly header: string[];
  readonly validators?: string[];
  readonly network?: string;
  readonly json: boolean;
}

/** Adds the two; a failure is thrown, and is InputError, CommonwattError or EvidenceRefused where it is expected. */
export function addEvidenceCommands(program: Command, print: Print): void {
  const prove = program
    .command("prove")
    .description("writes an evidence file that others check offline")
    .exitOverride();
  const proves = (command: Command): Command =>
    command
      .option("--network <name>", "local, besu, or a deployment file", "local")
      .option("--rpc <url>", "endpoint of the chain (default: the deployment file's)")
      .requiredOption("--out <file>", "where the evidence goes");
  proves(subcommand(prove, "transaction", "its receipt and events"))
    .argument("<hash>", "of the transaction", word)
    .option("--user", "it is on the user chain", false)
    .action((hash: string, options: ProveOptions & { readonly user: boolean }) =>
      write(options, options.user ? "user" : "transaction", print, (chain) => proveTransaction(chain, hash)),
    );
  for (const [name, description, proven] of [
    ["reading", "what was stored as a meter's reading of a slot, and who signed it", proveReadings],
    ["settlement", "what a slot came to for a meter, and what that moved", proveSettlement],
  ] as const) {
    proves(subcommand(prove, name, description))
      .argument("<meter>", "number of the meter", uint32)
      .argument("<slot>", "number of the slot", uint32)
      .action((meter: number, slot: number, options: ProveOptions) =>
        write(options, "transaction", print, (chain) => proven(chain, { meter, slot })),
      );
  }
  subcommand(program, "check", "checks an evidence file with nothing but it and what you trust")
    .argument("<file>", "the evidence")
    .option("--header <hash>", "hash of a block that you trust; may be given for each block", words, [])
    .option("--validators <addresses>", "the accountants whose seals you trust, separated by commas", accountants)
    .option("--network <name>", "the network that it should be of: local, besu, or a deployment file")
    .option("--json", "print one JSON object", false)
    .action((file: string, options: CheckOptions) => check(file, options, print));
}

async function write(
  { network, rpc, out }: ProveOptions,
  kind: AnyChain["kind"],
  print: Print,
  prove: (chain: AnyChain) => Promise<string>,
): Promise<void> {
  const deployment = await readDeployment(deploymentFileOf(network));
  const { chain, close } = await openChain(deployment, kind, { rpc });
  try {
    await writeFileAtOnce(out, await prove(chain), 0o644);
    print(`Written: ${out}. Anyone checks it with npm run audit -- check ${out}`);
  } finally {
    close();
  }
}

async function check(file: string, { header, validators, network, json }: CheckOptions, print: Print): Promise<void> {
  const trust: Trust = {
    headers: header,
    ...(validators === undefined ? {} : { validators }),
    ...(network === undefined ? {} : { deployment: await readDeployment(deploymentFileOf(network)) }),
  };
  const verdict = checkEvidence(await readText(file), file, trust);
  print(json ? jsonOf(verdict) : textOf(verdict));
}

function textOf({ meaning, trust, isAnchored, limits }: Verdict): string {
  const head = isAnchored ? "Proven:" : "Proven, if the blocks below are the chain's:";
  return [
    head,
    ...meaning.map((line) => `  ${line}`),
    "On this trust:",
    ...trust.map((line) => `  ${line}`),
    limits,
  ].join("\n");
}

function jsonOf({ evidence, headers, meaning, trust, isAnchored, limits }: Verdict): string {
  const blocks = headers.map(({ number, hash }) => ({ number: Number(number), hash }));
  const { subject, identity } = evidence;
  const { chainId, network } = identity;
  return JSON.stringify({ subject, network, chainId, isAnchored, blocks, meaning, trust, limits });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new InputError({ file }, `it can't be read: ${reason}`, "Name a file that npm run audit -- prove wrote", {
      cause,
    });
  }
}

const UINT32_END = 2 ** 32;

function uint32(text: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value < UINT32_END) return value;
  throw new InvalidArgumentError("Give a whole number below 4294967296.");
}

/** Ascending, as a set of accountants is. */
function accountants(text: string): string[] {
  const set = text.split(",").map((one) => address(one.trim()));
  if (new Set(set).size !== set.length) throw new InvalidArgumentError("Name each accountant once.");
  return set.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}
