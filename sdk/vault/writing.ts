/** Writing versions: seal, hand the store's share and the ciphertext out, then the chain. */
import { CommonwattError, isCommonwattError } from "../errors.js";
import { randomWord } from "./bytes.js";
import type { NewVersion, RecordKind } from "./chain.js";
import { commitmentOf } from "./commitment.js";
import { contentOf, type Slot } from "./content.js";
import { contentKey, drawShares, type KeyShares } from "./keys.js";
import { encodeLocator } from "./locator.js";
import { versionPlace } from "./opener.js";
import { markOf, wrapOwnerShare } from "./owner-share.js";
import type { OwnerSide } from "./parts.js";
import { sealContent } from "./seal.js";
import { fromStore, ShareAction, signRequest } from "./share-store.js";
import type { Recipient } from "./wrap.js";

/** A version to be written. */
export interface VersionInput {
  /** A record that is there gets its next version; by default a new record under a random id. */
  readonly record?: string;
  readonly kind: RecordKind;
  readonly slots: readonly Slot[];
  /** Which version it must become, where that is known; whatever comes next by default. */
  readonly version?: bigint;
  /** Of an imported version, so that its proofs stay good; fresh by default. */
  readonly salt?: string;
}

/** Which version was written. */
export interface VersionName {
  readonly record: string;
  readonly version: bigint;
}

/**
 * Writes versions, as many in a transaction as the chain takes. A batch is on the chain whole or not at all; what a failure leaves in the
 * stores opens nothing, for the chain never got its share.
 */
export async function writeVersions(side: OwnerSide, inputs: readonly VersionInput[]): Promise<VersionName[]> {
  const recipient = await side.ownRecipient();
  const { chain } = side.parts;
  const written: VersionName[] = [];
  for (let start = 0; start < inputs.length; start += chain.contracts.maxBatch) {
    const named = await nameVersions(side, inputs.slice(start, start + chain.contracts.maxBatch));
    const sealed = await Promise.all(named.map(async (input) => sealVersion(side, recipient, input)));
    await chain.put(sealed);
    for (const { record, version } of sealed) {
      side.sawVersion(record, version);
      written.push({ record, version });
    }
  }
  return written;
}

type NamedInput = VersionInput & VersionName;

/** Records without an id get one, and each its next version, also when one record comes twice. */
async function nameVersions(side: OwnerSide, inputs: readonly VersionInput[]): Promise<NamedInput[]> {
  const last = new Map<string, bigint>();
  const named: NamedInput[] = [];
  for (const input of inputs) {
    const record = input.record ?? randomWord();
    const version = (last.get(record) ?? (await side.liveState(record))?.version ?? 0n) + 1n;
    if ((input.version ?? version) !== version) {
      throw new CommonwattError("VaultVersionReplayed", { record, version: input.version, expected: version });
    }
    last.set(record, version);
    named.push({ ...input, record, version });
  }
  return named;
}

async function sealVersion(side: OwnerSide, recipient: Recipient, input: NamedInput): Promise<NewVersion> {
  const { record, version, kind } = input;
  const { contracts } = side.parts.chain;
  const place = versionPlace(contracts, side.owner, input);
  const content = contentOf(input.slots, input.salt);
  const commitment = commitmentOf(content);
  const name = { record, version, commitment };
  const shares = { ...drawShares(), ...(input.salt === undefined ? {} : await keptBefore(side, name)) };
  const storesMark = markOf(side.parts.shares.map(({ account }) => account));
  const ciphertext = sealContent(content, contentKey(shares), place);
  const [locator, wrapped] = await Promise.all([
    placeCiphertext(side, ciphertext),
    wrapOwnerShare(recipient, { chainShare: shares.chainShare, storesMark }, place),
    keepShare(side, { ...name, share: shares.storeShare }),
  ]);
  return { record, kind, version, commitment, locator, wrapped };
}

/** Small enough for the chain, or into the content stores. */
async function placeCiphertext(side: OwnerSide, ciphertext: Uint8Array): Promise<Uint8Array> {
  return ciphertext.length <= side.parts.chain.contracts.maxInlineBytes
    ? encodeLocator({ place: "chain", ciphertext })
    : encodeLocator({ place: "stores", hash: await side.contents.put(ciphertext) });
}

/** An import that failed halfway left its share in a store, which keeps no other one in its place: it is taken again. */
async function keptBefore(
  { owner, parts }: OwnerSide,
  name: VersionName & { readonly commitment: string },
): Promise<Partial<KeyShares>> {
  for (const store of parts.shares) {
    const asked = { ...name, owner, store: store.account, action: ShareAction.Read, now: parts.now() };
    const request = await signRequest(parts.chain.contracts, parts.signer, asked);
    try {
      return { storeShare: await fromStore(store, () => store.read(request)) };
    } catch (error) {
      if (!isCommonwattError(error)) throw error; // most often: it has none
    }
  }
  return {};
}

/** Every share store keeps it: with one missing, a later failure of the others would lose the record. */
async function keepShare(
  { owner, parts }: OwnerSide,
  { share, ...name }: VersionName & { readonly commitment: string; readonly share: Uint8Array },
): Promise<void> {
  if (parts.shares.length === 0) throw new CommonwattError("VaultNoShareStore");
  await Promise.all(
    parts.shares.map(async (store) => {
      const asked = { ...name, owner, share, store: store.account, action: ShareAction.Keep, now: parts.now() };
      const request = await signRequest(parts.chain.contracts, parts.signer, asked);
      await fromStore(store, () => store.keep(request, share));
    }),
  );
}
