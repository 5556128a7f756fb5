/** Whom a light node asks. Nothing that a peer says is believed; what is not proven is refused, with the reason. */
import type { SealedHeader } from "./sealed-header.js";
import type { AccountProof, SetCertificate } from "./set-certificate.js";

export interface LightPeer {
  readonly name: string;
  /** The block's header; undefined: it has none (yet). */
  header(number: bigint): Promise<SealedHeader | undefined>;
  /** What stands in slots of an account after a block; undefined: it has forgotten that state. */
  proof(account: string, slots: readonly bigint[], block: bigint): Promise<AccountProof | undefined>;
}

/** Where set certificates are kept. */
export interface CertificateSource {
  /** The certificate of the block that brought this version of the set; undefined: there is none. */
  certificate(version: bigint): Promise<SetCertificate | undefined>;
}
