/** RSA key pairs: of the RPC tokens (RS256; one of a folder, which all its nodes trust), and of certificates. */
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

const RSA_BITS = 2_048;

export interface RsaKeys {
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** PEM, SPKI. */
  readonly publicKey: string;
}

export async function makeRsaKeys(): Promise<RsaKeys> {
  return promisify(generateKeyPair)("rsa", {
    modulusLength: RSA_BITS,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}
