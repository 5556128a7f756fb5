/** Certificates made in the tests, so that they need no openssl: X.509 in DER, signed by ECDSA on P-256. */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

export interface Made {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly keyObject: KeyObject;
  readonly name: string;
}

export interface CertificateOptions {
  /** Who vouches; absent: itself, as an authority. */
  readonly issuer?: Made;
  /** Days from now; negative: it has ended. */
  readonly days?: number;
  /** The key's password. */
  readonly passphrase?: string;
}

const DAY = 86_400_000;
const SEQUENCE = 0x30;
const [INTEGER, BITS, OCTETS, OID, UTF8, TIME, BOOLEAN] = [2, 3, 4, 6, 12, 24, 1];
const ECDSA_WITH_SHA256 = der(SEQUENCE, der(OID, hex("2a8648ce3d040302")));
const COMMON_NAME = hex("550403");
const BASIC_CONSTRAINTS = hex("551d13");
const SUBJECT_ALT_NAME = hex("551d11");
const YES = Buffer.of(0xff);

/** A certificate of that name, for 127.0.0.1 and localhost. */
export function makeCertificate(name: string, { issuer, days = 1, passphrase }: CertificateOptions = {}): Made {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const toBeSigned = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.of(2))), // version 3
    der(INTEGER, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    nameOf(issuer?.name ?? name),
    der(SEQUENCE, timeOf(Date.now() - 2 * DAY), timeOf(Date.now() + days * DAY)),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(SEQUENCE, issuer === undefined ? authority() : names())),
  );
  const signature = sign("sha256", toBeSigned, issuer?.keyObject ?? privateKey);
  const certificate = der(SEQUENCE, toBeSigned, ECDSA_WITH_SHA256, der(BITS, Buffer.of(0), signature));
  const base64 = (certificate.toString("base64").match(/.{1,64}/g) ?? []).join("\n");
  const lock = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return {
    name,
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem", ...lock }).toString(),
    keyObject: privateKey,
  };
}

function authority(): Buffer {
  return der(SEQUENCE, der(OID, BASIC_CONSTRAINTS), der(BOOLEAN, YES), der(OCTETS, der(SEQUENCE, der(BOOLEAN, YES))));
}

function names(): Buffer {
  const all = der(SEQUENCE, der(0x82, Buffer.from("localhost")), der(0x87, Buffer.of(127, 0, 0, 1)));
  return der(SEQUENCE, der(OID, SUBJECT_ALT_NAME), der(OCTETS, all));
}

function nameOf(name: string): Buffer {
  return der(SEQUENCE, der(0x31, der(SEQUENCE, der(OID, COMMON_NAME), der(UTF8, Buffer.from(name)))));
}

function timeOf(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(TIME, Buffer.from(text));
}

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), body]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}
