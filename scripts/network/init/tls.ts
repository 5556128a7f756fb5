/**
 * TLS of the RPC: an authority of the network's own, and for each node a certificate in the PKCS #12 file that Besu
 * reads. The authority's key stays in the folder, for nodes that come later.
 */
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";

import forge from "node-forge";

import { makeRsaKeys } from "./rsa-keys.js";

const DAY = 86_400_000;
/** A node's certificate is renewed by making it anew; the authority outlives it. */
const AUTHORITY_DAYS = 3_650;
const NODE_DAYS = 825;
const SERIAL_BYTES = 16;
/** Rounds of the key derivation that guards a PKCS #12 file; its password is 32 random bytes anyway. */
const PKCS12_ROUNDS = 10_000;
/** GeneralName of RFC 5280. */
const [DNS, IP] = [2, 7];

export interface Authority {
  readonly certificate: forge.pki.Certificate;
  readonly key: forge.pki.rsa.PrivateKey;
  /** PEM. */
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** An authority that vouches for the nodes of one network. */
export async function makeAuthority(network: string, now: Date): Promise<Authority> {
  const { key, publicKey, pem } = await rsaKey();
  const name = [{ name: "commonName", value: `Commonwatt network ${network}` }];
  const certificate = certificateOf({ publicKey, subject: name, issuer: name, now, days: AUTHORITY_DAYS });
  certificate.setExtensions([
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    { name: "subjectKeyIdentifier" },
  ]);
  certificate.sign(key, forge.md.sha256.create());
  return { certificate, key, keyPem: pem, certificatePem: unix(forge.pki.certificateToPem(certificate)) };
}

/** The authority that a folder's files hold, PEM. */
export function authorityOf(certificatePem: string, keyPem: string): Authority {
  const certificate = forge.pki.certificateFromPem(certificatePem);
  return { certificate, key: forge.pki.privateKeyFromPem(keyPem), certificatePem, keyPem };
}

/** A node's key and certificate for its host, in a PKCS #12 file that the password opens. */
export async function nodeKeystoreOf(
  authority: Authority,
  { name, host, password, now }: { name: string; host: string; password: string; now: Date },
): Promise<Buffer> {
  const { key, publicKey } = await rsaKey();
  const certificate = certificateOf({
    publicKey,
    subject: [{ name: "commonName", value: name }],
    issuer: authority.certificate.subject.attributes,
    now,
    days: NODE_DAYS,
  });
  const hosts = [...new Set([host, "127.0.0.1", "localhost"])];
  certificate.setExtensions([
    { name: "basicConstraints", cA: false, critical: true },
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
    { name: "extKeyUsage", serverAuth: true },
    {
      name: "subjectAltName",
      altNames: hosts.map((each) => (isIP(each) === 0 ? { type: DNS, value: each } : { type: IP, ip: each })),
    },
  ]);
  certificate.sign(authority.key, forge.md.sha256.create());
  const options = { algorithm: "aes256", count: PKCS12_ROUNDS, friendlyName: name } as const;
  const asn1 = forge.pkcs12.toPkcs12Asn1(key, [certificate, authority.certificate], password, options);
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), "binary");
}

interface CertificateParts {
  readonly publicKey: forge.pki.PublicKey;
  readonly subject: forge.pki.CertificateField[];
  readonly issuer: forge.pki.CertificateField[];
  readonly now: Date;
  readonly days: number;
}

function certificateOf({ publicKey, subject, issuer, now, days }: CertificateParts): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // positive, whatever its first bit
  certificate.serialNumber = `01${randomBytes(SERIAL_BYTES).toString("hex")}`;
  certificate.validity.notBefore = new Date(now.getTime() - DAY); // clocks differ
  certificate.validity.notAfter = new Date(now.getTime() + days * DAY);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer);
  return certificate;
}

/** Node's own keys: forge would look for primes in JavaScript. */
async function rsaKey(): Promise<{ key: forge.pki.rsa.PrivateKey; publicKey: forge.pki.PublicKey; pem: string }> {
  const { privateKey, publicKey } = await makeRsaKeys();
  return {
    key: forge.pki.privateKeyFromPem(privateKey),
    publicKey: forge.pki.publicKeyFromPem(publicKey),
    pem: privateKey,
  };
}

function unix(pem: string): string {
  return pem.replaceAll("\r\n", "\n");
}
