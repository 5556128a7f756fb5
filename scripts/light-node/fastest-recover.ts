/** The fastest code of this machine that says who made a seal. */
import { createRequire } from "node:module";

import { recoverBy, recoverInJavaScript, recoverInWebAssembly, type Recover } from "../../light/index.js";

/** A way to recover, and what it runs on. */
export interface NamedRecover {
  readonly name: "native" | "WebAssembly" | "JavaScript";
  readonly recover: Recover;
}

/** As much of the package secp256k1 as is used; it comes without types. */
interface NativeSecp256k1 {
  ecdsaRecover(signature: Uint8Array, parity: number, digest: Uint8Array, isCompressed: boolean): Uint8Array;
}

/** Native where the package has it for this machine (Linux and Windows on x64, macOS on ARM), else WebAssembly. */
export async function fastestRecover(): Promise<NamedRecover> {
  const native = nativeRecover();
  if (native !== undefined) return { name: "native", recover: native };
  const inWebAssembly = await recoverInWebAssembly();
  if (inWebAssembly !== undefined) return { name: "WebAssembly", recover: inWebAssembly };
  return { name: "JavaScript", recover: recoverInJavaScript };
}

/** By libsecp256k1 itself; undefined where there is no binary of it. */
export function nativeRecover(): Recover | undefined {
  try {
    // not the package's entry: that falls back on slow JavaScript without saying so
    const bindings = createRequire(import.meta.url)("secp256k1/bindings.js") as NativeSecp256k1;
    return recoverBy((digest, signature, parity) => bindings.ecdsaRecover(signature, parity, digest, false));
  } catch {
    return undefined;
  }
}
