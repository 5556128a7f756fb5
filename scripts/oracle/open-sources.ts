/** Sources as the settings name them, several as one. */
import type { Logger } from "pino";

import { passwordOf } from "../inputs/keys.js";

import { BROKER_PASSWORD_VARIABLE, BROKER_USER_VARIABLE } from "./command.js";
import { OracleSetupError } from "./error.js";
import { MqttSource } from "./mqtt-source.js";
import { readTls } from "./mqtt-tls.js";
import type { PlacedSource } from "./settings.js";
import type { Accept, ReadingSource } from "./types.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `trying`: a session of its own that ends with the connection, so that a running oracle keeps its. */
export async function openSource(
  source: PlacedSource,
  environment: Environment,
  log: Logger,
  trying = false,
): Promise<ReadingSource> {
  const { url, clientId, passwordFile, version, tls } = source;
  checkBroker(source);
  return new MqttSource({
    url,
    clientId: trying ? `${clientId}-check-${process.pid}` : clientId,
    clean: trying,
    username: source.username ?? environment[BROKER_USER_VARIABLE],
    password:
      passwordFile === undefined ? environment[BROKER_PASSWORD_VARIABLE] : await passwordOf(passwordFile, environment),
    version,
    tls: tls && (await readTls(tls, source.place)),
    log,
  });
}

/** All of them; starts as a whole or not at all. */
export class Sources implements ReadingSource {
  readonly #sources: readonly ReadingSource[];

  constructor(sources: readonly ReadingSource[]) {
    this.#sources = sources;
  }

  async start(accept: Accept): Promise<void> {
    const started: ReadingSource[] = [];
    try {
      for (const source of this.#sources) {
        await source.start(accept);
        started.push(source);
      }
    } catch (error) {
      await Promise.allSettled(started.map((source) => source.stop()));
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()));
  }
}

function checkBroker({ url: text, place, tls }: PlacedSource): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(mqtts?|wss?):$/.test(url.protocol)) {
    throw new OracleSetupError(place, "this is not the URL of an MQTT broker", "Write it like mqtt://127.0.0.1:1883.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new OracleSetupError(
      place,
      "a user or password in the URL can be seen by others",
      `Set ${BROKER_USER_VARIABLE} and ${BROKER_PASSWORD_VARIABLE} in the environment, or name a password file.`,
    );
  }
  if (tls !== undefined && url.protocol !== "mqtts:") {
    const advice = "Write it like mqtts://broker.example:8883, or leave tls out.";
    throw new OracleSetupError(place, `tls is given, but ${url.protocol}// is not encrypted by it`, advice);
  }
}
