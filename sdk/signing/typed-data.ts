/** EIP-712 messages: what is signed, its digest and its signature. */
import { Signature, TypedDataEncoder, type Signer, type TypedDataDomain, type TypedDataField } from "ethers";

/** A message ready to be signed. */
export interface TypedMessage {
  readonly domain: TypedDataDomain;
  readonly types: Record<string, TypedDataField[]>;
  readonly value: Record<string, unknown>;
}

/** A signature in two words (EIP-2098), as orders and readings carry it. */
export interface CompactSignature {
  readonly r: string;
  readonly vs: string;
}

/** Which contract on which chain a signature is for. */
export interface SigningDomain {
  readonly chainId: bigint | number;
  readonly verifyingContract: string;
}

/** The EIP-712 digest, which the contracts compute too. */
export function digestOf({ domain, types, value }: TypedMessage): string {
  return TypedDataEncoder.hash(domain, types, value);
}

/** Signs with 65 bytes (r, s, v), as DeviceRegistry reads. */
export async function sign(signer: Signer, { domain, types, value }: TypedMessage): Promise<string> {
  return signer.signTypedData(domain, types, value);
}

/** Signs in compact form. */
export async function signCompact(signer: Signer, message: TypedMessage): Promise<CompactSignature> {
  const { r, yParityAndS } = Signature.from(await sign(signer, message));
  return { r, vs: yParityAndS };
}

/** Fields from a type's text, e.g. `fieldsOf("address maker,uint8 kind")`, so that it reads as in the contract. */
export function fieldsOf(text: string): TypedDataField[] {
  return text.split(",").map((field) => {
    const [type = "", name = ""] = field.trim().split(" ");
    return { type, name };
  });
}

/** The domain of a contract that signs as version 1. */
export function domainOf(name: string, { chainId, verifyingContract }: SigningDomain): TypedDataDomain {
  return { name, version: "1", chainId, verifyingContract };
}
