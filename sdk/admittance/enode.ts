/**
 * Enode URLs in the one form in which lists are compared: `enode://ID@ADDRESS:PORT`, the id in 128 small hex digits, the
 * address as RFC 5952 writes it. Pure.
 */
import { computeAddress } from "ethers";

const BYTES16 = /^0x[0-9a-f]{32}$/i;
const MAPPED = "00000000000000000000ffff";
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const ENODE = /^enode:\/\/([0-9a-fA-F]{128})@(\[[0-9a-fA-F:.]+\]|[^:/?[\]]+):(\d{1,5})(?:\?discport=\d{1,5})?$/;

/** An IP address in text to the 16 bytes of NodeDirectory, in hex; undefined for a name or anything else. */
export function ipToBytes16(text: string): string | undefined {
  const parts = IPV4.exec(text)?.slice(1).map(Number);
  if (parts !== undefined) {
    if (parts.some((part) => part > 255)) return undefined;
    return `0x${MAPPED}${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
  }
  const groups = groupsOf(text);
  return groups && `0x${groups.map((group) => group.toString(16).padStart(4, "0")).join("")}`;
}

/** The 16 bytes of NodeDirectory as a URL's host: `10.0.0.1`, or `[2001:db8::1]`. */
export function hostOfBytes16(ip: string): string {
  if (!BYTES16.test(ip)) throw new TypeError(`${ip} is not 16 bytes in hex`);
  const digits = ip.slice(2).toLowerCase();
  if (digits.startsWith(MAPPED)) {
    return [24, 26, 28, 30].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)).join(".");
  }
  return new URL(`http://[${digits.match(/.{4}/g)?.join(":") ?? ""}]`).hostname;
}

/** The enode URL of a node in NodeDirectory. */
export function enodeOf(node: {
  readonly keyX: string;
  readonly keyY: string;
  readonly ip: string;
  readonly port: bigint;
}): string {
  return `enode://${node.keyX.slice(2)}${node.keyY.slice(2)}@${hostOfBytes16(node.ip)}:${node.port}`.toLowerCase();
}

/** An enode URL in the form above; as it is where it is none. */
export function canonicalEnode(url: string): string {
  const [, id, host, port] = ENODE.exec(url) ?? [];
  if (id === undefined || host === undefined || port === undefined) return url;
  const ip = ipToBytes16(host.replace(/^\[|\]$/g, ""));
  return `enode://${id.toLowerCase()}@${ip === undefined ? host.toLowerCase() : hostOfBytes16(ip)}:${Number(port)}`;
}

/** The 128 hex digits of an enode URL; undefined where it is none. */
export function enodeIdOf(url: string): string | undefined {
  return ENODE.exec(url)?.[1]?.toLowerCase();
}

/** The address of the key in an enode URL, by which elections know the node; undefined where it is no point of the curve. */
export function nodeAddressOf(url: string): string | undefined {
  const id = enodeIdOf(url);
  if (id === undefined) return undefined;
  try {
    return computeAddress(`0x04${id}`);
  } catch {
    return undefined;
  }
}

/** The eight groups of an IPv6 address. */
function groupsOf(text: string): number[] | undefined {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":")) return undefined;
  let hostname: string;
  try {
    ({ hostname } = new URL(`http://[${text}]`));
  } catch {
    return undefined;
  }
  const [head = "", tail] = hostname.slice(1, -1).split("::");
  const numbers = (part: string): number[] =>
    part
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return numbers(head);
  const [before, after] = [numbers(head), numbers(tail)];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
