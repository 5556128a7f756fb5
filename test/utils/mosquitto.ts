/** A real broker: Debian's mosquitto, where the machine has it, configured as docs/examples says. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { delimiter, join } from "node:path";

/** Debian keeps it out of people's PATH. */
const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"];
const MOSQUITTO = programOf("mosquitto");
const PASSWD = programOf("mosquitto_passwd");

/** Why its tests are skipped; undefined where they are not. */
export const MOSQUITTO_MISSING =
  MOSQUITTO === undefined || PASSWD === undefined
    ? "mosquitto is not installed here (apt-get install mosquitto)"
    : undefined;

export interface MosquittoOptions {
  readonly folder: string;
  readonly port: number;
  /** PEM of the authority, and of the broker. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Users with passwords instead of client certificates. */
  readonly users?: Readonly<Record<string, string>> | undefined;
}

export class Mosquitto {
  readonly #folder: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor({ folder, port }: MosquittoOptions) {
    this.#folder = folder;
    this.#port = port;
  }

  /** Starts it with the example's configuration: other paths and port, and users where some are given. */
  static async start(options: MosquittoOptions): Promise<Mosquitto> {
    const { folder, port, ca, cert, key, users } = options;
    const at = (name: string): string => join(folder, name);
    await mkdir(at("state"), { recursive: true });
    await Promise.all([
      writeFile(at("ca.pem"), ca),
      writeFile(at("broker.pem"), cert),
      writeFile(at("broker.key"), key),
    ]);
    await writeFile(at("broker.acl"), await readFile("docs/examples/mosquitto.acl"));
    let config = (await readFile("docs/examples/mosquitto.conf", "utf8"))
      .replace("listener 8883", `listener ${port} 127.0.0.1`)
      .replaceAll("/etc/mosquitto/certs/", `${folder}/`)
      .replace("/etc/mosquitto/commonwatt.acl", at("broker.acl"))
      .replace("/var/lib/mosquitto/", `${at("state")}/`);
    if (users !== undefined) {
      await writeFile(
        at("users"),
        Object.entries(users).map((entry) => `${entry.join(":")}\n`),
      );
      spawnSync(PASSWD ?? "", ["-U", at("users")]);
      config = config
        .replace("require_certificate true", "require_certificate false")
        .replace("use_identity_as_username true", `password_file ${at("users")}`);
    }
    // else it becomes a user who may not see the test's folder
    if (process.getuid?.() === 0) config += "user root\n";
    await writeFile(at("mosquitto.conf"), config);
    const broker = new Mosquitto(options);
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    const child = spawn(MOSQUITTO ?? "", ["-c", join(this.#folder, "mosquitto.conf")], { stdio: "pipe" });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()));
    this.#process = child;
    while (!(await answers(this.#port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it as a service manager does: it writes what it keeps. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}

function programOf(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
