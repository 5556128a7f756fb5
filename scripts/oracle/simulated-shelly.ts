/** A Shelly Pro EM that is not there: publishes what one would, for trying an oracle out. */
import { connectAsync } from "mqtt";

import { OracleSetupError } from "./error.js";

export interface SimulatedShelly {
  readonly broker: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** MQTT prefix of the device, e.g. `shellyproem50-08f9e0e67204`. */
  readonly prefix: string;
  /** What the home draws; negative: what it feeds in. W. */
  readonly watts: number;
  readonly everySeconds: number;
}

/** It has drawn the same ever since: so its registers go on where they were, also after a stop. Unix milliseconds. */
const INSTALLED = Date.UTC(2026, 0, 1);
/** What they showed then, Wh. */
const START_WH = 1_234_567;
const SECONDS_PER_HOUR = 3600;

/** Publishes a `NotifyStatus` of `em1data:0` at once and then each few seconds, until `stopped`. */
export async function runSimulatedShelly(shelly: SimulatedShelly, stopped: Promise<void>): Promise<number> {
  const { broker, username, password, prefix, watts, everySeconds } = shelly;
  const client = await connectAsync(
    broker,
    { ...(username && { username }), ...(password && { password }) },
    false,
  ).catch((cause: unknown) => {
    const problem = `the broker can't be used (${(cause as Error).message})`;
    throw new OracleSetupError(broker, problem, "Start it, or name the right one with --broker.", { cause });
  });
  let published = 0;
  const publish = async (): Promise<void> => {
    const grown = (Math.abs(watts) * (Date.now() - INSTALLED)) / 1000 / SECONDS_PER_HOUR;
    const [imported, exported] = watts >= 0 ? [START_WH + grown, START_WH] : [START_WH, START_WH + grown];
    const data = { id: 0, total_act_energy: round(imported), total_act_ret_energy: round(exported) };
    const params = { ts: Math.floor(Date.now() / 10) / 100, "em1data:0": data };
    const message = { src: prefix, dst: `${prefix}/events`, method: "NotifyStatus", params };
    await client.publishAsync(`${prefix}/events/rpc`, JSON.stringify(message), { qos: 1 });
    published += 1;
  };
  await publish();
  const timer = setInterval(() => void publish().catch(() => undefined), everySeconds * 1000); // the next one tells as much
  await stopped;
  clearInterval(timer);
  await client.endAsync();
  return published;
}

/** To hundredths, as the meter shows them. */
function round(wh: number): number {
  return Math.round(wh * 100) / 100;
}
