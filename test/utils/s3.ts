/**
 * Two S3-compatible servers for tests: versitygw, a real one, where its binary is at hand, and a small double of put, get, head and delete
 * that checks AWS Signature Version 4 by itself, not by the client's code.
 */
import { spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createNetServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export const ACCESS = { accessKeyId: "commonwatt-test", secretAccessKey: "not a secret, only a test" } as const;
export const BUCKET = "vault";

/** A server with the bucket in it. */
export interface S3Server {
  readonly endpoint: string;
  /** Everything in the bucket, by name. */
  readonly objects?: Map<string, Buffer>;
  close(): Promise<void>;
}

/** The double. */
export async function doubleServer(): Promise<S3Server & { readonly objects: Map<string, Buffer> }> {
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    void answer(objects, request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}/${BUCKET}`,
    objects,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** versitygw over a folder; `binary` as in `go install github.com/versity/versitygw/cmd/versitygw@v1.8.0`. */
export async function realServer(binary: string, folder: string): Promise<S3Server> {
  const port = await freePort();
  await mkdir(join(folder, BUCKET), { recursive: true });
  const { accessKeyId: access, secretAccessKey: secret } = ACCESS;
  const flags = ["--quiet", "--port", `127.0.0.1:${port}`, "--access", access, "--secret", secret];
  const child = spawn(binary, [...flags, "posix", folder], { stdio: "ignore" });
  const exited = once(child, "exit");
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (tries > 100 || child.exitCode !== null) throw new Error("versitygw did not start");
    await delay(100);
  }
  return {
    endpoint: `http://127.0.0.1:${port}/${BUCKET}`,
    close: async () => {
      child.kill();
      await exited;
    },
  };
}

async function answer(objects: Map<string, Buffer>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const name = new URL(request.url ?? "", "http://host").pathname.slice(BUCKET.length + 2);
  if (!isSigned(request, body)) return void response.writeHead(403).end();
  const object = objects.get(name);
  if (request.method === "PUT") objects.set(name, body);
  if (request.method === "DELETE") objects.delete(name);
  if (request.method === "PUT") return void response.writeHead(200).end();
  if (request.method === "DELETE") return void response.writeHead(204).end();
  if (object === undefined) return void response.writeHead(404).end();
  response.writeHead(200, { "content-length": object.length }).end(request.method === "HEAD" ? undefined : object);
}

/** By https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function isSigned({ headers, method, url }: IncomingMessage, body: Buffer): boolean {
  const parts = /Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)/.exec(
    headers.authorization ?? "",
  );
  if (parts === null) return false;
  const [, accessKey, scope = "", signed = "", signature] = parts;
  const payload = String(headers["x-amz-content-sha256"]);
  if (payload !== "UNSIGNED-PAYLOAD" && payload !== sha256(body)) return false;
  const { pathname, searchParams } = new URL(url ?? "", "http://host");
  searchParams.sort();
  const named = signed.split(";").map((header) => `${header}:${String(headers[header]).trim()}\n`);
  const canonical = [method, pathname, searchParams.toString(), named.join(""), signed, payload].join("\n");
  const date = String(headers["x-amz-date"]);
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<Buffer>(hmac, Buffer.from(`AWS4${ACCESS.secretAccessKey}`));
  const isFresh = scope.startsWith(new Date().toISOString().slice(0, 10).replaceAll("-", ""));
  return accessKey === ACCESS.accessKeyId && isFresh && hmac(key, text).toString("hex") === signature;
}

function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}
