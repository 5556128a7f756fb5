/** How a grantee asks a store for its share of a content key, and what the store checks first. */
import { verifyTypedData, type Signer } from "ethers";

import type { UserChain } from "../connect.js";
import { CommonwattError } from "../errors.js";
import { grantIdOf, grantTag, grantUseMessage, type GranteeBlinding, type GrantUse } from "../signing/grants.js";
import { sign, type SigningDomain } from "../signing/typed-data.js";
import { ask } from "../transact.js";
import { grantStateOf, isGrantRunning, recordGrantsOf } from "./grants.js";

/** What a grantee shows a store, besides its signature. */
export interface GrantDisclosure extends Omit<GranteeBlinding, "owner"> {
  readonly scopeHash: string;
  readonly purposeHash: string;
}

/** A grantee asks one store for a share; costs no transaction. */
export function signGrantUse(chain: UserChain, grantee: Signer, use: GrantUse): Promise<string> {
  return sign(grantee, grantUseMessage(recordGrantsOf(chain), use));
}

export interface GrantUseParameters {
  readonly use: GrantUse;
  readonly signature: string;
  readonly disclosure: GrantDisclosure;
  /** The account of the store that checks. */
  readonly store: string;
  /** The store's clock, Unix seconds. */
  readonly now: bigint;
}

/**
 * What a store checks before it gives a share: the request is for it and in time, the grant is the signer's and runs.
 * That the scope covers the record, the store checks itself against `disclosure.scopeHash`. Returns the owner. A store
 * asks a node of its own: whoever runs the node sees the grant and then the grantee asked about. Grantees are externally
 * owned accounts.
 */
export async function checkGrantUse(chain: UserChain, parameters: GrantUseParameters): Promise<string> {
  const { use, signature, disclosure, store, now } = parameters;
  const { grantId, deadline } = use;
  const { grantee: account } = disclosure;
  if (deadline < now) throw new CommonwattError("GrantUseExpired", { grantId, deadline });
  if (use.store.toLowerCase() !== store.toLowerCase()) {
    throw new CommonwattError("GrantUseOtherStore", { grantId, store: use.store });
  }
  const grants = recordGrantsOf(chain);
  const { owner } = (await grantStateOf(chain, grantId)) ?? {};
  if (owner === undefined || grantIdShown(grants, owner, disclosure) !== grantId) {
    throw new CommonwattError("GrantDisclosureFalse", { grantId });
  }
  if (!isSignedBy(account, grants, use, signature)) throw new CommonwattError("GrantUseForged", { account, grantId });
  if (!(await ask(() => chain.contracts.federation.isActive(account)))) {
    throw new CommonwattError("GranteeInactive", { account });
  }
  if (!(await isGrantRunning(chain, grantId))) throw new CommonwattError("GrantNotRunning", { grantId });
  return owner;
}

function grantIdShown(grants: SigningDomain, owner: string, disclosure: GrantDisclosure): string {
  const { grantee, blind, scopeHash, purposeHash } = disclosure;
  return grantIdOf({ owner, tag: grantTag(grants, { owner, grantee, blind }), scopeHash, purposeHash });
}

function isSignedBy(account: string, grants: SigningDomain, use: GrantUse, signature: string): boolean {
  const { domain, types, value } = grantUseMessage(grants, use);
  try {
    return verifyTypedData(domain, types, value, signature).toLowerCase() === account.toLowerCase();
  } catch {
    return false; // no signature at all
  }
}
