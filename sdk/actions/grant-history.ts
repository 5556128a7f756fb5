/** Grants and requests read back from events, held to what the chain keeps. */
import { zeroPadValue, ZeroHash } from "ethers";

import type { UserChain } from "../connect.js";
import { CommonwattError } from "../errors.js";
import { readEvents, type ChainEvent } from "../events.js";
import { grantIdOf, type GrantCommitments } from "../signing/grants.js";
import { ask } from "../transact.js";
import { grantStateOf, type AnswerParameters, type GrantStateOnChain } from "./grants.js";

/** A grant with all that was ever said of it. */
export interface GrantHistory extends GrantCommitments, GrantStateOnChain {
  readonly grantId: string;
  /** Wrapped for the grantee: when granted, then each time more was shared. */
  readonly payloads: readonly string[];
}

/** A request that somebody brought to an owner. */
export interface AccessRequest {
  readonly request: string;
  /** Encrypted for the owner. */
  readonly ciphertext: string;
  /** Absent while it waits; its grant is absent when it was declined. */
  readonly answer?: { readonly grantId?: string };
}

/** An owner's grants from events, in their order; each held to what the chain keeps, and their number too. */
export async function grantsOf(chain: UserChain, owner: string): Promise<GrantHistory[]> {
  const block = await ask(() => chain.provider.getBlockNumber());
  const grants = await checkedGrants(chain, [null, zeroPadValue(owner, 32)], block);
  const { granted } = await ask(() => chain.contracts.recordGrants.countsOf(owner, { blockTag: block }));
  if (granted === BigInt(grants.length)) return grants;
  throw new CommonwattError("GrantListIncomplete", { owner, granted, shown: grants.length });
}

/** One grant from events, held to what the chain keeps; undefined where there is none. */
export async function grantHistoryOf(chain: UserChain, grantId: string): Promise<GrantHistory | undefined> {
  const block = await ask(() => chain.provider.getBlockNumber());
  if ((await grantStateOf(chain, grantId, block)) === undefined) return undefined;
  const [grant] = await checkedGrants(chain, [null, null, grantId], block);
  if (grant !== undefined) return grant;
  throw new CommonwattError("GrantHistoryMismatch", { grantId });
}

/** The requests that an owner was brought, in their order, with its answers. */
export async function accessRequestsOf(chain: UserChain, owner: string): Promise<AccessRequest[]> {
  const requests = new Map<string, AccessRequest>();
  const topics = [null, zeroPadValue(owner, 32)];
  for await (const { name, args } of grantEvents(chain, topics, await ask(() => chain.provider.getBlockNumber()))) {
    if (name === "RecordsRequested") {
      const { request, ciphertext } = args as unknown as AccessRequest;
      requests.set(request, { request, ciphertext });
    } else if (name === "RequestAnswered") {
      const { request, grantId } = args as unknown as Required<AnswerParameters>;
      const asked = requests.get(request);
      if (asked) requests.set(request, { ...asked, answer: grantId === ZeroHash ? {} : { grantId } });
    }
  }
  return [...requests.values()];
}

async function checkedGrants(
  chain: UserChain,
  topics: readonly (string | null)[],
  block: number,
): Promise<GrantHistory[]> {
  const grants = new Map<string, GrantHistory>();
  for await (const event of grantEvents(chain, topics, block)) append(grants, event);
  for (const grant of grants.values()) {
    const { grantId, owner, from, until, isRevoked } = grant;
    const state = await grantStateOf(chain, grantId, block);
    const same = state?.owner === owner && state.from === from && state.until === until;
    if (!same || state.isRevoked !== isRevoked || grantIdOf(grant) !== grantId) {
      throw new CommonwattError("GrantHistoryMismatch", { grantId });
    }
  }
  return [...grants.values()];
}

async function* grantEvents(
  chain: UserChain,
  topics: readonly (string | null)[],
  toBlock: number,
): AsyncGenerator<ChainEvent> {
  const fromBlock = chain.deployment.deploymentBlock;
  for await (const events of readEvents(chain, { fromBlock, toBlock, contracts: ["RecordGrants"], topics })) {
    yield* events;
  }
}

function append(grants: Map<string, GrantHistory>, { name, args }: ChainEvent): void {
  const said = args as unknown as Omit<GrantHistory, "payloads" | "isRevoked"> & { readonly payload: string };
  if (name === "Granted") {
    const { payload, ...terms } = said;
    grants.set(terms.grantId, { ...terms, isRevoked: false, payloads: [payload] });
    return;
  }
  const grant = grants.get(said.grantId);
  if (grant === undefined) return;
  if (name === "Shared") grants.set(grant.grantId, { ...grant, payloads: [...grant.payloads, said.payload] });
  if (name === "Renewed") grants.set(grant.grantId, { ...grant, until: said.until });
  if (name === "Revoked") grants.set(grant.grantId, { ...grant, isRevoked: true });
}
