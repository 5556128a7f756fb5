/**
 * The hosts file of `network init`: a line for each node, a JSON object; empty lines and lines that begin with # are
 * passed over. Every fault is told with the file and its line.
 */
import { readFile } from "node:fs/promises";

import { z } from "zod";

import { InputError } from "../../inputs/error.js";
import { CHAIN_NAMES, hostName, nodeName, portNumber } from "../network-file.js";

/** P2P, RPC, metrics, its agent's metrics; a node has its own for each chain. */
const portsSchema = z.strictObject({ p2p: portNumber, rpc: portNumber, metrics: portNumber, agent: portNumber });

const lineSchema = z.strictObject({
  name: nodeName,
  role: z.enum(["accountant", "standby"]),
  host: hostName,
  member: z.string().min(1).max(64).optional(),
  storage: z.enum(["FOREST", "BONSAI"]).optional(),
  /** Default: from the base port on, as `init` gives them. */
  ports: z.partialRecord(z.enum(CHAIN_NAMES), portsSchema).optional(),
});

/** A node as its line has it. */
export type HostLine = z.infer<typeof lineSchema> & { readonly line: number };

const EXAMPLE = '{"name":"accountant1","role":"accountant","host":"10.0.0.1","member":"City Works"}';

/** Reads a hosts file. */
export async function readHosts(file: string): Promise<HostLine[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const problem = `the hosts file can't be read (${(cause as Error).message})`;
    throw new InputError({ file }, problem, "Check the path and the rights on it", { cause });
  }
  return parseHosts(text, file);
}

/** The text of a hosts file to its nodes, in its order. */
export function parseHosts(text: string, file: string): HostLine[] {
  const lines = text.split(/\r?\n/).flatMap((content, index) => {
    const isEmpty = content.trim() === "" || content.trimStart().startsWith("#");
    return isEmpty ? [] : [{ ...parseLine(content, { file, line: index + 1 }), line: index + 1 }];
  });
  if (lines.length === 0) throw new InputError({ file }, "it names no node", `Give a line for each, like ${EXAMPLE}`);
  return lines;
}

function parseLine(content: string, place: { file: string; line: number }): z.infer<typeof lineSchema> {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new InputError(place, "the line is no JSON object", `Write it like ${EXAMPLE}`, { cause });
  }
  const result = lineSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue === undefined || issue.path.length === 0 ? "the line" : `'${issue.path.join(".")}'`;
  throw new InputError(place, `${path}: ${issue?.message ?? "not valid"}`, `Write it like ${EXAMPLE}`);
}
