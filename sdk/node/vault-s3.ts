/** Ciphertext in an S3-compatible bucket, by s3mini: small, kept, without dependencies; @aws-sdk/client-s3 brings in dozens of packages. */
import { isHexString } from "ethers";
import { S3mini } from "s3mini";

import type { ContentStore } from "../vault/content-stores.js";

/** Where the bucket is, and whose key writes to it. */
export interface BucketOptions {
  /** With the bucket in its path, e.g. `https://s3.example.org/vault`. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region?: string;
  /** After how long a request counts as failed, in milliseconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

/** A content store in a bucket. What the bucket keeps of deleted objects (versions, backups) is its operator's to say. */
export class BucketContents implements ContentStore {
  readonly name: string;
  readonly #bucket: S3mini;

  constructor({ endpoint, accessKeyId, secretAccessKey, region, timeoutMs = TIMEOUT_MS }: BucketOptions) {
    const { origin, pathname } = new URL(endpoint);
    this.name = `${origin}${pathname}`; // without what else an address may carry
    const access = { endpoint, accessKeyId, secretAccessKey, requestAbortTimeout: timeoutMs };
    this.#bucket = new S3mini(region === undefined ? access : { ...access, region });
  }

  async put(hash: string, ciphertext: Uint8Array): Promise<void> {
    await this.#bucket.putObject(objectName(hash), Buffer.from(ciphertext), "application/octet-stream");
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    const content = await this.#bucket.getObjectArrayBuffer(objectName(hash));
    return content === null ? undefined : new Uint8Array(content);
  }

  async has(hash: string): Promise<boolean> {
    return (await this.#bucket.objectExists(objectName(hash))) === true;
  }

  async delete(hash: string): Promise<void> {
    await this.#bucket.deleteObject(objectName(hash));
  }
}

function objectName(hash: string): string {
  if (!isHexString(hash, 32)) throw new RangeError("a content's name is no hash of 32 bytes");
  return hash.slice(2).toLowerCase();
}
