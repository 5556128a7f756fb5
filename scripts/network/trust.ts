/** Trusting a network's own authority, in this process alone. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import tls from "node:tls";

import { InputError } from "../inputs/error.js";
import type { NetworkFile } from "./network-file.js";

/** The certificate of the network's authority, PEM; undefined: it has none, without TLS. */
export async function networkAuthority(dir: string, network: Pick<NetworkFile, "tls">): Promise<string | undefined> {
  if (network.tls !== true) return undefined;
  const file = join(dir, "tls", "ca.pem");
  return readFile(file, "utf8").catch((cause: unknown) => {
    const advice = "Restore the file that init wrote";
    throw new InputError({ file }, "the network's authority can't be read", advice, { cause });
  });
}

/** From now on connections of this process take certificates that the network's authority vouches for, too. */
export async function trustNetwork(dir: string, network: Pick<NetworkFile, "tls">): Promise<void> {
  const authority = await networkAuthority(dir, network);
  if (authority === undefined) return;
  const known = tls.getCACertificates("default");
  if (!known.includes(authority)) tls.setDefaultCACertificates([...known, authority]);
}
