/** Calling every function of a deployment that changes something. */
import type { FunctionFragment, ParamType } from "ethers";

import { CONTRACT_INTERFACES, type ContractName } from "../../sdk/contracts.js";

export function changingFunctions(contract: ContractName): FunctionFragment[] {
  const fragments: FunctionFragment[] = [];
  CONTRACT_INTERFACES[contract].forEachFunction((fragment) => {
    if (fragment.stateMutability !== "view" && fragment.stateMutability !== "pure") fragments.push(fragment);
  });
  return fragments;
}

/** The smallest value of a type; an address is the one given. */
export function emptyValue(type: ParamType, address: string): unknown {
  if (type.arrayChildren !== null) return [];
  if (type.components !== null) return type.components.map((component) => emptyValue(component, address));
  if (type.type === "bool") return false;
  if (type.type === "string") return "";
  if (type.type === "bytes") return "0x";
  if (type.type === "address") return address;
  return type.type.startsWith("bytes") ? `0x${"00".repeat(Number(type.type.slice(5)))}` : 0n;
}
