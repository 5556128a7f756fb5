/** How long Besu takes to ask `getValidators()` for 101 seats: eth_call on block 0 of a chain that one node has, whose genesis block seats them. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ZeroAddress } from "ethers";

import { marketParameters } from "../../deploy/parameters.js";
import { predeployedAddress } from "../../deploy/predeployed.js";
import { AccountantElection__factory } from "../../typechain-types/index.js";
import { walletOf } from "../bench/election-stage.js";
import { tableText, type Figures } from "../bench/report.js";
import { makeGenesis } from "../network/genesis/predeployed-file.js";
import { startBareNode, type BareNode } from "./bare-node.js";

const SEATS = 101;
const CHAIN_ID = 410_199;
const WARM_CALLS = 1_000;
const CALLS = 1_000;

export interface ValidatorsOptions {
  /** Besu's launcher. */
  readonly besu: string;
  readonly basePort: number;
  readonly print: (text: string) => void;
}

export async function benchValidators({ besu, basePort, print }: ValidatorsOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), "commonwatt-bench-seats-"));
  print(`Asking a node of its own for ${SEATS} seats...`);
  let node: BareNode | undefined;
  try {
    const genesis = join(folder, "genesis.json");
    await writeFile(genesis, await genesisOf(SEATS));
    node = await startBareNode({ besu, folder, genesis, p2pPort: basePort });
    const { url } = node.rpc;
    const { interface: abi } = AccountantElection__factory.connect(ZeroAddress);
    const question = { to: predeployedAddress("AccountantElection"), data: abi.encodeFunctionData("getValidators") };
    const [seats = []] = abi.decodeFunctionResult(
      "getValidators",
      await ethCall(url, question),
    ) as unknown as string[][];
    if (seats.length !== SEATS) throw new Error(`the genesis block seats ${seats.length}`);
    const asked = await timesOf(url, question);
    const floor = await timesOf(url, { to: ZeroAddress, data: "0x" });
    print(
      tableText(
        `eth_call on Besu, ${CALLS} calls one after the other, warm`,
        ["call", "median ms", "p95 ms"],
        [
          [`getValidators() of ${SEATS}`, asked.median.toFixed(2), asked.p95.toFixed(2)],
          ["an empty call: what no contract can avoid", floor.median.toFixed(2), floor.p95.toFixed(2)],
        ],
      ),
    );
    return {
      besuGetValidatorsMedianMs: round(asked.median),
      besuGetValidatorsP95Ms: round(asked.p95),
      besuEmptyCallMedianMs: round(floor.median),
      besuEmptyCallP95Ms: round(floor.p95),
    };
  } finally {
    if (node !== undefined && node.child.exitCode === null) {
      node.child.kill("SIGKILL");
      await once(node.child, "close").catch(() => undefined);
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function genesisOf(seats: number): Promise<string> {
  const { election } = await marketParameters(900);
  const founders = Array.from({ length: seats }, (_, index) => ({
    member: walletOf("member", index + 1).address,
    node: walletOf("node", index + 1).address,
  })).sort((a, b) => (BigInt(a.node) < BigInt(b.node) ? -1 : 1));
  const { epochBlocks, turnoutFloorBps, unlockSeconds, trustingSeconds, minimumDepositMicro, founderWeight, voterBps } =
    election;
  const { genesis } = await makeGenesis({
    ...{ chain: "transaction", chainId: CHAIN_ID, genesisTime: 1_767_225_600, blockSeconds: 2 },
    requestTimeoutSeconds: election.timeoutSeconds,
    deployer: walletOf("member", 1).address,
    election: {
      ...{ epochBlocks, seats, turnoutFloorBps, unlockSeconds, trustingSeconds },
      ...{ minimumDepositMicro, founderWeight, voterBps },
    },
    founders,
  });
  return genesis;
}

interface Question {
  readonly to: string;
  readonly data: string;
}

async function ethCall(url: string, question: Question): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_call", params: [question, "latest"] });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { result, error } = (await response.json()) as { result?: string; error?: { message: string } };
  if (result === undefined) throw new Error(error?.message ?? "no result");
  return result;
}

async function timesOf(url: string, question: Question): Promise<{ median: number; p95: number }> {
  for (let call = 0; call < WARM_CALLS; call++) await ethCall(url, question);
  const times: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const start = performance.now();
    await ethCall(url, question);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { median: times[CALLS / 2] ?? NaN, p95: times[Math.floor(CALLS * 0.95)] ?? NaN };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
