/** The owner's side of grants. */
import { hexlify } from "ethers";

import { CommonwattError } from "../errors.js";
import type { GrantState, WrittenVersion } from "./chain.js";
import {
  covers,
  grantPlace,
  grantTag,
  grantTerms,
  knownGrant,
  purposeHash,
  scopeHash,
  unwrapPayload,
  whyNotRunning,
  wrapPayload,
  type GrantScope,
  type GrantTerms,
  type SharedVersion,
} from "./grants.js";
import { recipientOf, type OwnerSide } from "./parts.js";
import type { VersionName } from "./writing.js";

/** What an owner grants. */
export interface GrantInput {
  readonly grantee: string;
  readonly scope: GrantScope;
  readonly purpose: string;
  /** First second, Unix. */
  readonly from: bigint;
  /** First second after it, Unix. */
  readonly until: bigint;
}

/** A grant of one's own, with what only the parties know. */
export interface OwnGrant extends GrantState {
  readonly terms: GrantTerms;
}

/** Most versions in one payload: what the chain's bound on a payload takes is the chain's to say. */
const MAX_SHARED = 0xffff;

/** Grants, and shares every version within the scope that is there. */
export async function grantAccess(side: OwnerSide, input: GrantInput): Promise<string> {
  const { grantee, scope, purpose, from, until } = input;
  if (until <= from) throw new CommonwattError("VaultGrantPeriodInvalid", { from, until });
  const { chain, directory } = side.parts;
  if (scope.record !== undefined) await side.ownState(scope.record);
  const [recipient, own] = await Promise.all([recipientOf(directory, grantee), side.ownRecipient()]);
  const terms = grantTerms({ owner: side.owner, grantee, scope, purpose });
  const place = grantPlace(chain.contracts);
  const shared = await sharedVersions(
    side,
    (await liveVersions(side)).filter((version) => covers(scope, version)),
  );
  const [payload, ownerPayload] = await Promise.all([
    wrapPayload(place, recipient, { terms, shared }),
    wrapPayload(place, own, { terms, shared: [] }),
  ]);
  const hashes = { tag: grantTag(place, terms), scopeHash: scopeHash(terms), purposeHash: purposeHash(terms) };
  return chain.grant({ ...hashes, from, until, payload, ownerPayload });
}

/** Lets a grant run longer; one that ended or was revoked is over for good. */
export async function renewGrant(side: OwnerSide, grantId: string, until: bigint): Promise<void> {
  const grant = await openGrant(side, grantId);
  if (until <= grant.until) throw new CommonwattError("VaultGrantPeriodInvalid", { from: grant.until, until });
  await side.parts.chain.renew(grantId, until);
}

/** Revokes, with or without the key that opens its terms. */
export async function revokeGrant(side: OwnerSide, grantId: string): Promise<void> {
  await ownedGrant(side, grantId);
  await side.parts.chain.revoke(grantId);
}

/** Shares further versions under a grant that runs or will run. */
export async function shareVersions(side: OwnerSide, grantId: string, names: readonly VersionName[]): Promise<void> {
  const { chain, directory } = side.parts;
  const grant = await withTerms(side, await openGrant(side, grantId));
  const versions = await Promise.all(names.map(async (name) => coveredVersion(side, grant, name)));
  const recipient = await recipientOf(directory, grant.terms.grantee);
  const shared = await sharedVersions(side, versions);
  await chain.share(grantId, await wrapPayload(grantPlace(chain.contracts), recipient, { terms: grant.terms, shared }));
}

/** All of one's own grants. */
export async function ownGrants(side: OwnerSide): Promise<OwnGrant[]> {
  return Promise.all((await side.parts.chain.grantsOf(side.owner)).map(async (grant) => withTerms(side, grant)));
}

/** Every version of every record that lives. */
export async function liveVersions({ owner, parts }: OwnerSide): Promise<WrittenVersion[]> {
  const [states, versions] = await Promise.all([parts.chain.statesOf(owner), parts.chain.versionsOf(owner)]);
  const erased = new Set(states.filter(({ erasedAt }) => erasedAt !== undefined).map(({ record }) => record));
  return versions.filter(({ record }) => !erased.has(record));
}

async function ownedGrant(side: OwnerSide, grantId: string): Promise<GrantState> {
  const grant = await knownGrant(side.parts.chain, grantId);
  if (grant.owner !== side.owner) throw new CommonwattError("VaultGrantUnknown", { grantId });
  return grant;
}

/** An own grant that runs or will run. */
async function openGrant(side: OwnerSide, grantId: string): Promise<GrantState> {
  const grant = await ownedGrant(side, grantId);
  const now = side.parts.now();
  const reason = whyNotRunning(grant, now < grant.from ? grant.from : now);
  if (reason !== undefined) throw new CommonwattError("VaultGrantNotRunning", { grantId, reason });
  return grant;
}

async function coveredVersion(
  side: OwnerSide,
  grant: OwnGrant,
  { record, version }: VersionName,
): Promise<WrittenVersion> {
  const written = (await side.history(record)).find((one) => one.version === version);
  if (written === undefined) throw new CommonwattError("VaultVersionUnknown", { record, version });
  if (covers(grant.terms.scope, written)) return written;
  throw new CommonwattError("VaultScopeExceeded", { grantId: grant.grantId, record, version });
}

async function sharedVersions(side: OwnerSide, versions: readonly WrittenVersion[]): Promise<SharedVersion[]> {
  if (versions.length > MAX_SHARED) throw new CommonwattError("VaultScopeTooWide", { versions: versions.length });
  return Promise.all(
    versions.map(async (version) => ({
      record: version.record,
      version: version.version,
      chainShare: hexlify(await side.chainShare(version)),
    })),
  );
}

async function withTerms(side: OwnerSide, grant: GrantState): Promise<OwnGrant> {
  const place = grantPlace(side.parts.chain.contracts);
  const { terms } = await side.ring.open(await side.newestKey(), async (key) =>
    unwrapPayload(place, key, { grant, payload: grant.ownerPayload }),
  );
  return { ...grant, terms };
}
