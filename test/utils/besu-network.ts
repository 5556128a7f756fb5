/** Networks of real nodes for tests, where there is a Besu. */
import { BesuNetwork } from "../../scripts/bench-besu/besu-network.js";
import { dockerAnswers } from "../../scripts/network/engine/docker-engine.js";
import { findBesu } from "../../scripts/network/engine/process-engine.js";

export { BesuNetwork, nodeIn } from "../../scripts/bench-besu/besu-network.js";

/** Set by `npm run test:besu`. */
const ASKED_FOR = process.env["COMMONWATT_BESU"] === "1";
/** Small and soon warm: many nodes share a machine. */
const SMALL = { BESU_OPTS: "-Xmx320m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC" };

/** Why there is no test on a real network here; undefined: there is. */
export async function whyNoBesu(): Promise<string | undefined> {
  if (!ASKED_FOR) return "npm run test:besu runs them";
  if ((await findBesu(process.env)) !== undefined || (await dockerAnswers(process.env))) return undefined;
  return "there is neither a docker engine nor a Besu: put besu on PATH, or name its launcher in BESU";
}

/** Makes a network's folder; nothing runs yet. */
export function smallNetwork(...init: string[]): Promise<BesuNetwork> {
  return BesuNetwork.make(SMALL, ...init);
}
