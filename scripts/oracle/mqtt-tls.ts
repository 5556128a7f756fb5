/** The files of a TLS connection to a broker: whose certificates count, and the oracle's own. Read and checked here. */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";

import { InputError } from "../inputs/error.js";

import type { MqttSettings } from "./settings.js";

/** Names of files; all in PEM form. */
export type TlsFiles = NonNullable<MqttSettings["tls"]>;

/** What `tls.connect` takes. */
export interface TlsIdentity {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
}

const PEM = { certificate: "-----BEGIN CERTIFICATE-----", key: /-----BEGIN ((EC|RSA|ENCRYPTED) )?PRIVATE KEY-----/ };
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Reads the files; throws `InputError` with the file, where it was named, and what to do. No message has any of a key.
 * @param place where the source is configured
 * @param now Unix milliseconds, at which the certificates must be valid
 */
export async function readTls(files: TlsFiles, place: string, now = Date.now()): Promise<TlsIdentity> {
  const ca = files.ca && (await certificatesIn(files.ca, `tls.ca of ${place}`, now)).text;
  const own = files.cert && (await certificatesIn(files.cert, `tls.cert of ${place}`, now));
  const passphrase = files.keyPasswordFile && (await passwordIn(files.keyPasswordFile, place));
  const key = files.key && (await keyIn(files.key, passphrase || undefined, `tls.key of ${place}`));
  if (own && key && !own.first.checkPrivateKey(key.parsed)) {
    const problem = `it is not the key of the certificate ${own.file} (tls.key of ${place})`;
    throw new InputError({ file: key.file }, problem, "Name the two that were made together");
  }
  return {
    ...(ca && { ca }),
    ...(own && { cert: own.text }),
    ...(key && { key: key.text }),
    ...(passphrase && { passphrase }),
  };
}

async function certificatesIn(
  file: string,
  what: string,
  now: number,
): Promise<{ readonly file: string; readonly text: string; readonly first: X509Certificate }> {
  const text = await read(file, what);
  const all = parseCertificates(text);
  const [first] = all;
  if (first === undefined) {
    const advice = `Name a file in PEM form, one that begins with ${PEM.certificate}`;
    throw new InputError({ file }, `there is no certificate in it (${what})`, advice);
  }
  for (const { validFrom, validTo } of all) {
    if (now >= Date.parse(validFrom) && now <= Date.parse(validTo)) continue;
    const problem = `a certificate in it is valid from ${validFrom} to ${validTo} only (${what})`;
    throw new InputError({ file }, problem, "Get a new one, or set the machine's clock by NTP");
  }
  return { file, text, first };
}

function parseCertificates(text: string): X509Certificate[] {
  try {
    return (text.match(CERTIFICATES) ?? []).map((pem) => new X509Certificate(pem));
  } catch {
    return []; // the parser's own message says less
  }
}

async function keyIn(
  file: string,
  passphrase: string | undefined,
  what: string,
): Promise<{ readonly file: string; readonly text: string; readonly parsed: KeyObject }> {
  const text = await read(file, what);
  try {
    const parsed = createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
    return { file, text, parsed };
  } catch {
    // the cause might quote what was given
    const isLocked = /ENCRYPTED/.test(text);
    if (!PEM.key.test(text)) {
      const advice = "Name a file in PEM form, one that begins with -----BEGIN PRIVATE KEY-----";
      throw new InputError({ file }, `there is no private key in it (${what})`, advice);
    }
    throw new InputError(
      { file },
      isLocked && passphrase === undefined
        ? `the key is encrypted and no password is given (${what})`
        : `the key can't be read${isLocked ? ": its password is another" : ""} (${what})`,
      "Name its password's file as keyPasswordFile, or make the key anew",
    );
  }
}

async function passwordIn(file: string, place: string): Promise<string> {
  return (await read(file, `tls.keyPasswordFile of ${place}`)).replace(/\r?\n$/, "");
}

async function read(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const problem = `the file can't be read (${what}; ${(cause as Error).message})`;
    throw new InputError({ file }, problem, "Check the path and the rights on it", { cause });
  }
}
