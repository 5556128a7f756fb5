/** A vault's folder: encrypted keystore, what stores it uses, receipts of erasures, an unfinished rotation. No secret in clear. */
import { chmod, mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { getAddress, isAddress } from "ethers";
import { z } from "zod";

import { FileJournal, FolderContents, BucketContents } from "../../sdk/node/index.js";
import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { HttpShareStore, wireText, type ContentStore, type Erasure, type ShareStore } from "../../sdk/vault/index.js";
import { InputError } from "../inputs/error.js";
import type { Environment } from "../networks/session.js";

/** Environment variables with the key of S3 buckets. */
export const BUCKET_KEY_VARIABLES = ["COMMONWATT_S3_ACCESS_KEY_ID", "COMMONWATT_S3_SECRET_ACCESS_KEY"] as const;

const KEYSTORE = "keystore.json";
const CONFIG = "vault.json";

const address = z
  .string()
  .refine((text) => isAddress(text), "no address")
  .transform((text) => getAddress(text));

const configSchema = z.strictObject({
  version: z.literal(1),
  network: z.string().min(1),
  account: address,
  contents: z.array(
    z.union([
      z.strictObject({ folder: z.string().min(1) }),
      z.strictObject({ bucket: z.url(), region: z.string().exactOptional() }),
    ]),
  ),
  shares: z.array(z.strictObject({ url: z.url(), account: address })),
});

/** What stands in vault.json. */
export type VaultConfig = z.infer<typeof configSchema>;

/** One vault's files. */
export class VaultFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get journal(): FileJournal {
    return new FileJournal(this.path);
  }

  /** The encrypted keystore; undefined when there is none yet. */
  async keystore(): Promise<string | undefined> {
    return this.#read(KEYSTORE);
  }

  /** Never over another one: it may be the only copy of a seed phrase. */
  async writeKeystore(json: string): Promise<void> {
    if ((await this.keystore()) !== undefined) throw new Error("there is a keystore already");
    await this.#write(KEYSTORE, json);
  }

  /** What stores it uses; undefined before `init`. */
  async findConfig(): Promise<VaultConfig | undefined> {
    const text = await this.#read(CONFIG);
    if (text === undefined) return undefined;
    const file = join(this.path, CONFIG);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      throw new InputError({ file }, "this is no JSON", "Restore it, or run npm run vault -- init again", { cause });
    }
    const result = configSchema.safeParse(json);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new InputError(
      { file },
      `${issue?.path.join(".") || "it"}: ${issue?.message ?? ""}`,
      "docs/vault.md has its form",
    );
  }

  async config(): Promise<VaultConfig> {
    const config = await this.findConfig();
    if (config !== undefined) return config;
    throw new InputError(
      { file: this.path },
      "there is no vault here",
      "Make one with npm run vault -- init, or name it with --home",
    );
  }

  async writeConfig(config: VaultConfig): Promise<void> {
    await this.#write(CONFIG, `${JSON.stringify(config, null, 2)}\n`);
  }

  /** The stores' words, whose hash alone the chain has. */
  async writeReceipts(erasure: Erasure): Promise<string> {
    const name = join("receipts", `${erasure.record.slice(2)}.json`);
    await this.#write(name, `${wireText(erasure)}\n`);
    return join(this.path, name);
  }

  /** Content stores of the configuration; folders are named from the vault's own. */
  contentStores({ contents }: Pick<VaultConfig, "contents">, environment: Environment): ContentStore[] {
    return contents.map((place) => {
      if ("folder" in place) return new FolderContents(resolve(this.path, place.folder));
      const [accessKeyId, secretAccessKey] = BUCKET_KEY_VARIABLES.map((name) => environment[name]);
      if (!accessKeyId || !secretAccessKey) {
        const advice = `Set ${BUCKET_KEY_VARIABLES.join(" and ")} in the environment`;
        throw new InputError({ file: place.bucket }, "the bucket's key is not given", advice);
      }
      const { bucket: endpoint, ...region } = place;
      return new BucketContents({ endpoint, accessKeyId, secretAccessKey, ...region });
    });
  }

  /** Makes the folder, for its user alone. */
  async make(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      await chmod(this.path, 0o700);
    } catch (cause) {
      const problem = `the folder can't be made (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`;
      throw new InputError({ file: this.path }, problem, "Name another with --home", { cause });
    }
  }

  async #read(name: string): Promise<string | undefined> {
    const file = join(this.path, name);
    try {
      return await readFile(file, "utf8");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new InputError({ file }, "this can't be read", "Check the path and the rights on it", { cause });
    }
  }

  async #write(name: string, text: string): Promise<void> {
    await writeFileAtOnce(join(this.path, name), text, 0o600);
  }
}

/** Share stores of the configuration. */
export function shareStores({ shares }: Pick<VaultConfig, "shares">): ShareStore[] {
  return shares.map(({ url, account }) => new HttpShareStore({ url, account }));
}
