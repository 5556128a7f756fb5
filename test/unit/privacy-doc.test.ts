import { readFile } from "node:fs/promises";

import { expect } from "chai";
import type { ParamType } from "ethers";

import { CONTRACT_INTERFACES } from "../../sdk/contracts.js";

const CONTRACTS = ["PersonalRecords", "RecordGrants", "KeyDirectory"] as const;

/** The doc's rows: what is named in backticks as the first cell. */
async function documented(): Promise<Set<string>> {
  const doc = await readFile("docs/privacy.md", "utf8");
  return new Set([...doc.matchAll(/^\| `(\w+\.\w+)` /gm)].map(([, name = ""]) => name));
}

function eventFields(contract: (typeof CONTRACTS)[number]): string[] {
  const fields: string[] = [];
  CONTRACT_INTERFACES[contract].forEachEvent(({ name, inputs }) => {
    if (name !== "EIP712DomainChanged") fields.push(...inputs.map((input) => `${name}.${input.name}`));
  });
  return fields;
}

/** Names of a parameter, or of the members of a struct or of a list of structs. */
function leavesOf(type: ParamType): string[] {
  const members = type.arrayChildren?.components ?? type.components;
  return members ? members.flatMap(leavesOf) : [type.name];
}

/** What a caller writes into the chain that no event of the contract repeats under the same name. */
function unrepeatedInputs(contract: (typeof CONTRACTS)[number]): string[] {
  const repeated = new Set(eventFields(contract).map((field) => field.split(".")[1]));
  const inputs: string[] = [];
  CONTRACT_INTERFACES[contract].forEachFunction(({ name, inputs: types, stateMutability }) => {
    if (stateMutability === "view" || stateMutability === "pure") return;
    const leaves = types.flatMap(leavesOf).filter((leaf) => !repeated.has(leaf));
    inputs.push(...leaves.map((leaf) => `${name}.${leaf}`));
  });
  return inputs;
}

describe("docs/privacy.md", () => {
  it("says of every field of the user chain's contracts what an observer learns, and names no other", async () => {
    const expected = CONTRACTS.flatMap((contract) => [...eventFields(contract), ...unrepeatedInputs(contract)]);
    expect(expected).to.include.members(["Granted.tag", "VersionWritten.kind", "publish.signature"]);
    expect([...(await documented())].sort()).to.deep.equal(expected.sort());
  });
});
