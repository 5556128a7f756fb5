/** Networks of real nodes for tests, where there is a Besu. */
import { startBareNode, type BareNode, type BareNodeOptions } from "../../scripts/bench-besu/bare-node.js";
import { dockerAnswers } from "../../scripts/network/engine/docker-engine.js";
import { findBesu } from "../../scripts/network/engine/process-engine.js";
import { twoFreePorts } from "./ports.js";

export { BesuNetwork, nodeIn } from "../../scripts/bench-besu/besu-network.js";

/** A node of a test's own, where two ports are free. */
export async function ownNode(options: Omit<BareNodeOptions, "besu" | "p2pPort">): Promise<BareNode> {
  const besu = await findBesu(process.env);
  if (besu === undefined) throw new Error("there is no Besu: put besu on PATH, or name its launcher in BESU");
  return startBareNode({ ...options, besu, p2pPort: await twoFreePorts() });
}

/** Set by `npm run test:besu`. */
const ASKED_FOR = process.env["COMMONWATT_BESU"] === "1";

/** Why there is no test on a real network here; undefined: there is. */
export async function whyNoBesu(): Promise<string | undefined> {
  if (!ASKED_FOR) return "npm run test:besu runs them";
  if ((await findBesu(process.env)) !== undefined || (await dockerAnswers(process.env))) return undefined;
  return "there is neither a docker engine nor a Besu: put besu on PATH, or name its launcher in BESU";
}

/** Skips the suite where there is no real network, and says why. */
export async function skipWithoutBesu(suite: Mocha.Context): Promise<void> {
  const reason = await whyNoBesu();
  if (reason === undefined) return;
  console.log(`    no real network here: ${reason}`);
  suite.skip();
}
