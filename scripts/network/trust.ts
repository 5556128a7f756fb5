/** Trusting a network's own authority, in this process alone. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import tls from "node:tls";

import { InputError } from "../inputs/error.js";
import type { NetworkFile } from "./network-file.js";

/** From now on connections of this process take certificates that the network's authority vouches for, too. */
export async function trustNetwork(dir: string, network: Pick<NetworkFile, "tls">): Promise<void> {
  if (network.tls !== true) return;
  const file = join(dir, "tls", "ca.pem");
  let authority: string;
  try {
    authority = await readFile(file, "utf8");
  } catch (cause) {
    throw new InputError({ file }, "the network's authority can't be read", "Restore the file that init wrote", {
      cause,
    });
  }
  const known = tls.getCACertificates("default");
  if (!known.includes(authority)) tls.setDefaultCACertificates([...known, authority]);
}
