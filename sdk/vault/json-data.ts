/** A slot's data in JSON files that people read. */
import { decodeBase64, encodeBase64, toUtf8Bytes } from "ethers";

const BASE64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** UTF-8 stands as text, so that people can read it; all else as base64. */
export function dataOf(data: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data) };
  } catch {
    return { base64: encodeBase64(data) };
  }
}

/** The inverse; undefined when it is neither. */
export function dataIn(line: { readonly text?: unknown; readonly base64?: unknown }): Uint8Array | undefined {
  if (typeof line.text === "string") return toUtf8Bytes(line.text);
  // ethers passes over what is no base64
  return typeof line.base64 === "string" && BASE64.test(line.base64) ? decodeBase64(line.base64) : undefined;
}
