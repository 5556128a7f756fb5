/** Checksummed addresses, each hashed once: a chain has few, and its logs name them all the time. */
import { getAddress } from "ethers";

const known = new Map<string, string>();
const MOST = 100_000;

/** `digits`: the address's 40 hex digits in lower case. */
export function checksummed(digits: string): string {
  let address = known.get(digits);
  if (address === undefined) {
    address = getAddress(`0x${digits}`);
    if (known.size >= MOST) known.clear();
    known.set(digits, address);
  }
  return address;
}
