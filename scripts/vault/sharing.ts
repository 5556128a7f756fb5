/** Subcommands by which owners show records to others, and others ask for them. */
import { z } from "zod";

import { accessRequestsOf } from "../../sdk/actions/grant-history.js";
import { recordGrantsOf, relayAccessRequest } from "../../sdk/actions/grants.js";
import type { UserChain } from "../../sdk/connect.js";
import {
  kindName,
  sealWish,
  verifyShownSlot,
  wireText,
  writeShownSlot,
  type GrantScope,
  type OwnGrant,
  type OwnRequest,
  type RecordView,
  type SealedRequest,
} from "../../sdk/vault/index.js";
import { InputError } from "../inputs/error.js";
import { showTime } from "../simulate/format.js";
import { wallSeconds } from "../wall.js";
import { printable, textFrom, writePrivate } from "./content.js";
import { granteeOf, type OwnersStores, type VaultSession } from "./session.js";
import type { Shell } from "./shell.js";

/** Which versions, why and how long. */
export interface GrantOptions extends Omit<GrantScope, "writtenFrom" | "writtenBefore"> {
  readonly all: boolean;
  readonly writtenFrom?: bigint;
  readonly writtenBefore?: bigint;
  readonly purposeFile?: string;
  readonly from?: bigint;
  readonly until?: bigint;
  readonly days?: bigint;
}

const DAY = 86_400n;
const HOUR = 3_600n;

export async function grant(
  { vault }: VaultSession,
  grantee: string,
  options: GrantOptions,
  shell: Shell,
): Promise<string[]> {
  const scope = scopeOf(options);
  const purpose = await textFrom(options.purposeFile, shell);
  const { from, until } = periodOf(options);
  const grantId = await vault.grant({ grantee, scope, purpose, from, until });
  return [
    `Grant ${grantId}, until ${showTime(until)}. Tell the grantee this id and your stores, on a way that others don't see.`,
  ];
}

export async function share(
  { vault }: VaultSession,
  grantId: string,
  record: string,
  version: bigint | undefined,
): Promise<string[]> {
  const last = version ?? BigInt((await vault.history(record)).length);
  await vault.share(grantId, [{ record, version: last }]);
  return [`Version ${last} is shared under the grant.`];
}

export async function renew(
  { vault }: VaultSession,
  grantId: string,
  options: Pick<GrantOptions, "until" | "days">,
): Promise<string[]> {
  const { until } = periodOf(options);
  await vault.renew(grantId, until);
  return [`The grant runs until ${showTime(until)}.`];
}

export async function revoke({ vault }: VaultSession, grantId: string): Promise<string[]> {
  await vault.revoke(grantId);
  return ["The grant is revoked: no store gives its grantee anything any more. What it has read, it has."];
}

export function grantLine({ grantId, terms, from, until, isRevoked }: OwnGrant): string {
  const state = isRevoked ? "revoked" : wallSeconds() < until ? `until ${showTime(until)}` : "over";
  return `${grantId}  to ${terms.grantee}  ${scopeText(terms.scope)}  from ${showTime(from)}  ${state}  ${printable(terms.purpose)}`;
}

/** What a grant of somebody else's lets this vault's account read. */
export async function shared(session: VaultSession, grantId: string): Promise<string[]> {
  const { terms, shared: versions } = await granteeOf(session, { contents: [], shares: [] }).open(grantId);
  return [
    `${terms.owner} grants ${scopeText(terms.scope)}: ${printable(terms.purpose)}`,
    ...versions.map(({ record, version }) => `${record}  version ${version}`),
  ];
}

/** One version that was granted. */
export async function granted(
  session: VaultSession,
  { grantId, record, version }: { readonly grantId: string; readonly record: string; readonly version?: bigint },
  owners: OwnersStores,
): ReturnType<ReturnType<typeof granteeOf>["read"]> {
  return granteeOf(session, owners).read(grantId, record, version);
}

// -------------------- one slot, to whoever it may concern

export async function prove(
  { vault, view }: VaultSession,
  record: string,
  { slot, version, out }: { readonly slot: string; readonly version?: bigint; readonly out: string },
): Promise<string[]> {
  const shown = await vault.prove(record, slot, version);
  await writePrivate(out, writeShownSlot(view.contracts, shown));
  return [`Slot ${shown.index} of version ${shown.version} in ${out}: it proves itself, and shows no other slot.`];
}

/** Needs no vault: a node of one's own, and the file. */
export async function verify(view: RecordView, file: string, out: string | undefined, shell: Shell): Promise<string[]> {
  const slot = await verifyShownSlot(view, await textFrom(file, shell));
  const erased = slot.erasedAt === undefined ? "" : ` The owner had the record erased at ${showTime(slot.erasedAt)}.`;
  if (out === undefined) shell.write(slot.data);
  else await writePrivate(out, slot.data);
  const line =
    `True: slot ${slot.index} "${printable(slot.label)}" of ${slot.owner}'s ${kindName(slot.kind)} ${slot.record}, ` +
    `version ${slot.version}, written ${showTime(slot.writtenAt)}.${erased}`;
  shell.note(line); // beside the data, which may go into a file or a pipe
  return [];
}

// -------------------- requests

const requestSchema = z.strictObject({
  format: z.literal("commonwatt-vault-request-1"),
  chainId: z.string(),
  recordGrants: z.string(),
  owner: z.string(),
  request: z.string(),
  ciphertext: z.string(),
});

/** A sealed request in a file, for a relayer to carry. */
export async function ask(
  session: VaultSession,
  owner: string,
  options: GrantOptions & { readonly out: string },
  shell: Shell,
): Promise<string[]> {
  const { parts, view } = session;
  const seconds = (options.days ?? 0n) * DAY;
  if (seconds === 0n)
    throw new InputError({ file: "--days" }, "it isn't said for how long", "Give a whole number above zero");
  const wish = { scope: scopeOf(options), purpose: await textFrom(options.purposeFile, shell), seconds };
  const { contracts } = view;
  const sealed = await sealWish({ contracts, directory: parts.directory, signer: parts.signer }, owner, wish);
  const { chainId, recordGrants } = contracts;
  await writePrivate(
    options.out,
    `${wireText({ format: "commonwatt-vault-request-1", chainId, recordGrants, ...sealed })}\n`,
  );
  return [
    `Request ${sealed.request} in ${options.out}. Give it to the owner, or to a relayer: npm run vault -- relay ${options.out}`,
    "Don't relay it with your own account: the sender of a transaction is public.",
  ];
}

/** Carries somebody's request; `asker` is the account that must not be the sender's, where it is known. */
export async function relay(
  chain: UserChain,
  file: string,
  asker: string | undefined,
  shell: Shell,
): Promise<string[]> {
  const sealed = await requestIn(file, chain, shell);
  await relayAccessRequest(chain, { ...sealed, ...(asker === undefined ? {} : { asker }) });
  return [`Request ${sealed.request} is with ${sealed.owner}.`];
}

/** What became of a request. */
export async function answered(chain: UserChain, file: string, shell: Shell): Promise<string[]> {
  const { owner, request } = await requestIn(file, chain, shell);
  const found = (await accessRequestsOf(chain, owner)).find((one) => one.request === request);
  if (found === undefined) return ["It was not carried to the chain yet."];
  if (found.answer === undefined) return ["It waits for an answer."];
  return [found.answer.grantId === undefined ? "It was declined." : `It was granted: ${found.answer.grantId}`];
}

export function requestLine({ request, wish, answer }: OwnRequest): string {
  const state =
    answer === undefined ? "waits" : answer.grantId === undefined ? "declined" : `granted as ${answer.grantId}`;
  if (wish === undefined) return `${request}  ${state}  can't be read`;
  const { asker, scope, seconds, purpose } = wish;
  return `${request}  ${state}  ${asker} asks for ${scopeText(scope)}, for ${seconds / DAY} days: ${printable(purpose)}`;
}

export async function answer(
  { vault }: VaultSession,
  request: string,
  { accept, decline }: { readonly accept: boolean; readonly decline: boolean },
): Promise<string[]> {
  if (accept === decline) throw new InputError({ file: "answer" }, "yes or no", "Give --accept or --decline");
  if (accept) return [`Granted as ${await vault.accept(request)}; the chain tells who asked.`];
  await vault.decline(request);
  return ["Declined."];
}

async function requestIn(file: string, chain: UserChain, shell: Shell): Promise<SealedRequest> {
  const advice = "Give the file that npm run vault -- ask wrote, for the user chain that it was asked on";
  let json: unknown;
  try {
    json = JSON.parse(await textFrom(file, shell));
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError({ file }, "this is no JSON", advice, { cause });
  }
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) throw new InputError({ file }, "this is no request", advice);
  const { chainId, recordGrants, owner, request, ciphertext } = parsed.data;
  const here = recordGrantsOf(chain);
  if (chainId !== String(here.chainId) || recordGrants.toLowerCase() !== here.verifyingContract.toLowerCase()) {
    throw new InputError({ file }, `this is a request on chain ${chainId}`, advice);
  }
  return { owner, request, ciphertext };
}

// -------------------- scopes and periods

function scopeOf({ record, kind, writtenFrom, writtenBefore, all }: GrantOptions): GrantScope {
  const scope = {
    ...(record === undefined ? {} : { record }),
    ...(kind === undefined ? {} : { kind }),
    ...(writtenFrom === undefined ? {} : { writtenFrom }),
    ...(writtenBefore === undefined ? {} : { writtenBefore }),
  };
  if (Object.keys(scope).length > 0 !== all) return scope;
  const problem = all ? "all and a part of it are two things" : "it isn't said which records";
  throw new InputError(
    { file: "--all" },
    problem,
    "Use --record, --kind, --written-from, --written-before, or --all alone",
  );
}

/** By default from now on; both ends on the hour, for a second would tell more than it needs. */
function periodOf({ from, until, days }: Pick<GrantOptions, "from" | "until" | "days">): {
  from: bigint;
  until: bigint;
} {
  const start = from ?? hourOf(wallSeconds());
  if ((until === undefined) === (days === undefined)) {
    throw new InputError({ file: "--days" }, "it isn't said until when, or twice", "Use either --days or --until");
  }
  return { from: start, until: until ?? hourOf(wallSeconds()) + HOUR + (days ?? 0n) * DAY };
}

function hourOf(seconds: bigint): bigint {
  return seconds - (seconds % HOUR);
}

function scopeText({ record, kind, writtenFrom, writtenBefore }: GrantScope): string {
  const parts = [
    record === undefined ? undefined : `record ${record}`,
    kind === undefined ? undefined : `kind ${kindName(kind)}`,
    writtenFrom === undefined ? undefined : `written from ${showTime(writtenFrom)}`,
    writtenBefore === undefined ? undefined : `written before ${showTime(writtenBefore)}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "all records" : parts.join(", ");
}
