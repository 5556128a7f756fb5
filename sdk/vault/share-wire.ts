/**
 * What a share store is asked over HTTP, and answers: JSON, numbers as decimal strings, words and shares in lower-case hex. The requests are
 * those of share-store.ts; docs/vault.md has the whole of it.
 */
import { getAddress, isAddress } from "ethers";
import { z } from "zod";

import { CommonwattError } from "../errors.js";

/** Names the protocol and its version. */
export const SHARE_STORE_FORMAT = "commonwatt-share-store-1";

/** Largest request and answer, in bytes: a purpose of 1,024 bytes, escaped, and all the rest. */
export const MAX_SHARE_MESSAGE_BYTES = 16_384;

const MAX_UINT64 = 2n ** 64n - 1n;

/** 32 bytes in lower-case hex. */
export const word = z.string().regex(/^0x[0-9a-f]{64}$/, "no word of 32 bytes in lower-case hex");
/** An address, checksummed after parsing. */
export const address = z
  .string()
  .refine((text) => isAddress(text), "no address")
  .transform((text) => getAddress(text));
/** A whole number up to 64 bits, as a decimal string. */
export const whole = z
  .string()
  .regex(/^\d{1,20}$/, "no whole number")
  .transform(BigInt)
  .refine((value) => value <= MAX_UINT64, "more than 64 bits");

const signature = z.string().regex(/^0x[0-9a-fA-F]{130}$/, "no signature of 65 bytes");

/** What a request or a file says a scope is. */
export const scopeSchema = z.strictObject({
  record: word.exactOptional(),
  kind: z.literal([0, 1, 2, 3, 4, 5]).exactOptional(),
  writtenFrom: whole.exactOptional(),
  writtenBefore: whole.exactOptional(),
});

const termsSchema = z.strictObject({
  owner: address,
  grantee: address,
  scope: scopeSchema,
  purpose: z.string().max(1_024),
  blind: word,
});

const requestSchema = z.strictObject({
  store: address,
  action: z.literal([0, 1, 2]),
  owner: address,
  record: word,
  version: whole.refine((value) => value < 2n ** 32n, "more than 32 bits"),
  commitment: word,
  requester: address,
  shareHash: word,
  nonce: word,
  until: whole,
  signature,
});

/** Bodies of `POST /keep`, `/read` and `/forget`. */
export const shareBodies = {
  keep: z.strictObject({ request: requestSchema, share: word }),
  read: z.strictObject({
    request: requestSchema,
    proof: z.strictObject({ grantId: word, terms: termsSchema }).exactOptional(),
  }),
  forget: z.strictObject({ request: requestSchema }),
} as const;

/** What can be asked. */
export type ShareVerb = keyof typeof shareBodies;

/** Bodies of the answers; `about` is that of `GET /`. */
export const shareAnswers = {
  about: z.object({
    format: z.literal(SHARE_STORE_FORMAT),
    account: address,
    chainId: whole,
    personalRecords: address,
  }),
  keep: z.object({}),
  read: z.object({ share: word }),
  forget: z.object({
    receipt: z.strictObject({ store: address, owner: address, record: word, forgottenAt: whole, signature }),
  }),
} as const;

/** Who a store is, and for which contract it keeps shares. */
export type ShareStoreAbout = z.infer<(typeof shareAnswers)["about"]>;

/** The refusals that a store tells apart; all else is a failure of the store. */
const REFUSALS: ReadonlySet<string> = new Set([
  "VaultRequestRefused",
  "VaultRequestMalformed",
  "VaultShareMissing",
  "VaultRecordErased",
  "VaultGrantNotRunning",
  "VaultGrantUnknown",
]);

// bounded and without what moves a terminal's cursor, for what a store says stands in errors that people read
const said = z
  .string()
  .max(256)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u);
const refusalSchema = z.object({
  error: z.object({ code: z.string().max(64), args: z.record(z.string().max(64), said) }),
});

/** A refusal as an answer's body; undefined for any other error, of which a store says nothing. */
export function refusalBody(error: unknown): z.infer<typeof refusalSchema> | undefined {
  if (!(error instanceof CommonwattError) || !REFUSALS.has(error.code)) return undefined;
  const args = Object.entries(error.args).map(([name, value]) => [name, String(value).slice(0, 256)] as const);
  return { error: { code: error.code, args: Object.fromEntries(args) } };
}

/** The refusal in an answer's body; undefined when it is none. */
export function refusalIn(body: unknown): CommonwattError | undefined {
  const parsed = refusalSchema.safeParse(body);
  if (!parsed.success || !REFUSALS.has(parsed.data.error.code)) return undefined;
  return new CommonwattError(parsed.data.error.code, parsed.data.error.args);
}

/** JSON with numbers of the chain as decimal strings. */
export function wireText(body: unknown): string {
  return JSON.stringify(body, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
