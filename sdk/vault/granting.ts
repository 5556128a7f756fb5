/** The owner's side of grants. */
import { hexlify } from "ethers";

import { CommonwattError } from "../errors.js";
import type { GrantState, WrittenVersion } from "./chain.js";
import { reopenGrant, sharesPerPayload, wrapPayload } from "./grant-payload.js";
import {
  covers,
  grantPlace,
  grantTag,
  grantTerms,
  knownGrant,
  purposeHash,
  scopeHash,
  whyNotRunning,
  type GrantScope,
  type GrantTerms,
  type SharedVersion,
} from "./grants.js";
import { recipientOf, type OwnerSide } from "./parts.js";
import type { Recipient } from "./wrap.js";
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

/**
 * Grants, and shares every version within the scope that is there. What one payload can't hold is shared in further transactions; where
 * one of them fails, the grant stands, and `share` adds the rest.
 */
export async function grantAccess(side: OwnerSide, input: GrantInput): Promise<string> {
  const { grantee, scope, purpose, from, until } = input;
  if (until <= from) throw new CommonwattError("VaultGrantPeriodInvalid", { from, until });
  const { chain, directory } = side.parts;
  if (scope.record !== undefined) await side.ownState(scope.record);
  const recipient = await recipientOf(directory, grantee);
  await side.ownRecipient(); // what the owner can't open again is not granted
  const own = await side.ownKey();
  const terms = grantTerms({ owner: side.owner, grantee, scope, purpose });
  const place = grantPlace(chain.contracts);
  const covered = (await liveVersions(side)).filter((version) => covers(scope, version));
  const most = sharesPerPayload(terms, chain.contracts.maxPayloadBytes);
  const shared = await sharedVersions(side, covered.slice(0, most));
  const payload = await wrapPayload(place, { grantee: recipient, own }, { terms, shared });
  const hashes = { tag: grantTag(place, terms), scopeHash: scopeHash(terms), purposeHash: purposeHash(terms) };
  const grantId = await chain.grant({ ...hashes, from, until, payload });
  await shareUnder(side, { grantId, terms, recipient }, covered.slice(most));
  return grantId;
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
  const grant = await withTerms(side, await openGrant(side, grantId));
  const versions = await Promise.all(names.map(async (name) => coveredVersion(side, grant, name)));
  const { terms } = grant;
  const recipient = await recipientOf(side.parts.directory, terms.grantee);
  await shareUnder(side, { grantId, terms, recipient }, versions);
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

interface SharingGrant {
  readonly grantId: string;
  readonly terms: GrantTerms;
  readonly recipient: Recipient;
}

async function shareUnder(
  side: OwnerSide,
  { grantId, terms, recipient }: SharingGrant,
  versions: readonly WrittenVersion[],
): Promise<void> {
  const { chain } = side.parts;
  const place = grantPlace(chain.contracts);
  const most = sharesPerPayload(terms, chain.contracts.maxPayloadBytes);
  for (let done = 0; done < versions.length; done += most) {
    const shared = await sharedVersions(side, versions.slice(done, done + most));
    await chain.share(grantId, await wrapPayload(place, { grantee: recipient }, { terms, shared }));
  }
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
  const { terms } = await side.ring.open(await side.newestKey(), (key) =>
    Promise.resolve(reopenGrant(place, key, grant)),
  );
  return { ...grant, terms };
}
