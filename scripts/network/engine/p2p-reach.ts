/** Whether nodes on other machines can be reached where their peers connect. */
import { connect } from "node:net";

import { nodeOnChain, type NetworkFile } from "../network-file.js";
import { partName, type Part } from "./engine.js";
import { troubleOf } from "./node-rpc.js";
import { isHere, partsOf } from "./parts.js";

const PATIENCE_MILLISECONDS = 3_000;

/** What is wrong with a part's p2p port, in words; undefined: it takes connections. */
export async function p2pProblem({ node, chain }: Part): Promise<string | undefined> {
  const { p2pPort: port } = nodeOnChain(node, chain);
  const failure = await failureToConnect(node.host, port);
  return failure === undefined ? undefined : `its p2p port ${port}: ${troubleOf(failure)[0]}`;
}

/** What is wrong with the parts on other machines, a line each. */
export async function p2pProblems(network: NetworkFile, chains: readonly Part["chain"][]): Promise<string[]> {
  const parts = chains.flatMap((chain) => partsOf(network, { chain }));
  const problems = await Promise.all(
    parts.map(async (part) => {
      if (await isHere(part.node)) return undefined;
      const problem = await p2pProblem(part);
      return problem === undefined ? undefined : `${partName(part)} on ${part.node.host}: ${problem}`;
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

function failureToConnect(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (failure?: NodeJS.ErrnoException): void => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(PATIENCE_MILLISECONDS, () => {
      const seconds = PATIENCE_MILLISECONDS / 1_000;
      end(Object.assign(new Error(`no answer within ${seconds} s`), { code: "ETIMEDOUT" }));
    });
    socket.once("connect", () => end());
    socket.once("error", end);
  });
}
