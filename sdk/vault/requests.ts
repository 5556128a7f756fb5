/**
 * What somebody asks an owner for, wrapped for the owner's key and signed by who asks. It travels off the chain or is carried to it by another
 * account, never by the asker's own: a transaction's sender is public.
 */
import { getAddress, hexlify, keccak256, toUtf8Bytes } from "ethers";

import { CommonwattError, isCommonwattError } from "../errors.js";
import { domainOf, fieldsOf, type TypedMessage } from "../signing/typed-data.js";
import { bytesOf, ByteReader, joined, randomWord, unsigned, unsigned64, type Bytes } from "./bytes.js";
import type { KeyDirectory, RecordContracts, RequestState } from "./chain.js";
import type { GrantScope } from "./grants.js";
import { doublingClass, pad, unpad } from "./padding.js";
import { recipientOf, type OwnerSide } from "./parts.js";
import { requestBinding } from "./place.js";
import { encodeScope, readScope } from "./scope-bytes.js";
import { isSignedBy } from "./share-store.js";
import type { VaultSigner } from "./wallet.js";

/** What is asked for. */
export interface Wish {
  readonly scope: GrantScope;
  /** What for, in words that both understand; at most 800 bytes of UTF-8. */
  readonly purpose: string;
  /** For how long. */
  readonly seconds: bigint;
}

/** A wish, and whose it is by its signature. */
export interface SignedWish extends Wish {
  readonly asker: string;
}

/** What a relayer carries to the chain; it learns whose records are asked for, and nothing else. */
export interface SealedRequest {
  readonly owner: string;
  /** Random, 32 bytes in hex. */
  readonly request: string;
  readonly ciphertext: string;
}

/** A request of the chain as its owner reads it. */
export interface OwnRequest extends RequestState {
  /** Undefined where it doesn't open or isn't signed: anybody can send an owner noise. */
  readonly wish: SignedWish | undefined;
}

/** What is needed to ask. */
export interface AskerParts {
  readonly contracts: RecordContracts;
  readonly directory: KeyDirectory;
  readonly signer: VaultSigner;
}

const MAX_PURPOSE_BYTES = 800;
const SIGNATURE_BYTES = 65;
const WISH = fieldsOf("address owner,bytes32 request,address asker,bytes32 contentHash");

/** Seals a wish for its owner, under the asker's signature. */
export async function sealWish(parts: AskerParts, owner: string, wish: Wish): Promise<SealedRequest> {
  const { contracts, directory, signer } = parts;
  if (toUtf8Bytes(wish.purpose).length > MAX_PURPOSE_BYTES) {
    throw new CommonwattError("VaultPurposeTooLong", { most: MAX_PURPOSE_BYTES });
  }
  const recipient = await recipientOf(directory, owner);
  const [asker, request] = [await signer.getAddress(), randomWord()];
  const content = encodeWish({ ...wish, asker });
  const { domain, types, value } = wishMessage(contracts, { owner, request, asker }, content);
  const signature = bytesOf(await signer.signTypedData(domain, types, value));
  const clear = pad(joined(content, signature), doublingClass);
  const place = { chainId: contracts.chainId, contract: contracts.recordGrants, owner, request };
  return { owner, request, ciphertext: hexlify(await recipient.wrap(clear, requestBinding(place))) };
}

/** The owner's requests, each with what it asks for. */
export async function ownRequests(side: OwnerSide): Promise<OwnRequest[]> {
  const requests = await side.parts.chain.requestsOf(side.owner);
  return Promise.all(requests.map(async (state) => ({ ...state, wish: await openWish(side, state) })));
}

/** The one of that id, which waits for an answer and can be read. */
export async function waitingWish(side: OwnerSide, request: string): Promise<SignedWish> {
  const state = (await side.parts.chain.requestsOf(side.owner)).find((one) => one.request === request);
  if (state === undefined) throw new CommonwattError("VaultRequestUnknown", { owner: side.owner, request });
  if (state.answer !== undefined) throw new CommonwattError("VaultRequestAnswered", { request });
  const wish = await openWish(side, state);
  if (wish === undefined) throw new CommonwattError("VaultRequestUnreadable", { request });
  return wish;
}

async function openWish(side: OwnerSide, { request, ciphertext }: RequestState): Promise<SignedWish | undefined> {
  const { owner, ring, parts } = side;
  const { contracts } = parts.chain;
  const binding = requestBinding({ chainId: contracts.chainId, contract: contracts.recordGrants, owner, request });
  try {
    const clear = await ring.open(await side.newestKey(), (key) => key.unwrap(ciphertext, binding));
    const signed = unpad(clear, doublingClass);
    const content = signed.subarray(0, signed.length - SIGNATURE_BYTES);
    const wish = decodeWish(content);
    const signature = hexlify(signed.subarray(content.length));
    const message = wishMessage(contracts, { owner, request, asker: wish.asker }, content);
    return isSignedBy(wish.asker, message, signature) ? wish : undefined;
  } catch (error) {
    // noise: wrapped for another, of low order, or bytes that are no wish
    if (isCommonwattError(error) || error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Asker (20), scope, seconds (8), length of the purpose (2), purpose. */
function encodeWish({ asker, scope, seconds, purpose }: SignedWish): Bytes {
  const reason = toUtf8Bytes(purpose);
  return joined(bytesOf(asker), encodeScope(scope), unsigned64(seconds), unsigned(reason.length, 2), reason);
}

function decodeWish(content: Uint8Array): SignedWish {
  const reader = new ByteReader(content);
  const asker = getAddress(reader.hex(20));
  const scope = readScope(reader);
  const seconds = reader.unsigned64();
  const purpose = reader.text(reader.unsigned(2));
  if (reader.rest > 0) throw new RangeError("bytes left over");
  return { asker, scope, seconds, purpose };
}

function wishMessage(
  { chainId, recordGrants }: RecordContracts,
  asked: Readonly<Record<"owner" | "request" | "asker", string>>,
  content: Uint8Array,
): TypedMessage {
  return {
    domain: domainOf("Commonwatt RecordGrants", { chainId, verifyingContract: recordGrants }),
    types: { Wish: WISH },
    value: { ...asked, contentHash: keccak256(content) },
  };
}
