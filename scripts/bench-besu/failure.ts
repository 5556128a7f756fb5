/** One of four accountants is killed, a watcher runs, a standby is elected: how long until blocks come every 2 s again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { id, toQuantity, Wallet, type JsonRpcProvider } from "ethers";

import { candidatesOf } from "../../sdk/actions/accountants.js";
import { voteWithStake } from "../../sdk/actions/ballots.js";
import { issueCredits } from "../../sdk/actions/credits.js";
import { allowDeposit, registerCandidate, setSeats, signNodeClaim } from "../../sdk/actions/election.js";
import { withSigner } from "../../sdk/connect.js";
import { MemberRole } from "../../sdk/enums.js";
import { ask } from "../../sdk/transact.js";
import { marketParameters } from "../../deploy/parameters.js";
import { CertificateStore } from "../accountants/certificates.js";
import { Watcher, type WatcherEvent } from "../accountants/watcher.js";
import { tableText, verdict, type Figures } from "../bench/report.js";
import { InputError } from "../inputs/error.js";
import { admitOnce } from "../members.js";
import { nodeOnChain } from "../network/network-file.js";
import { openOperator } from "../network/operators.js";
import { openNodeKey } from "../network/unlock.js";
import { FOUNDERS } from "../networks/operators.js";
import { CHAIN, type MeasuredFederation } from "./federation.js";
import { there } from "./load.js";
import { recoveryOf, type TimedBlock } from "./recovery.js";

const GOAL_SECONDS = 30;
const PERIOD = 2;
const SEATS = 4;
const STANDBY = "standby1";
const VICTIM = "accountant3";
/** Of each voter; a ballot weighs a twentieth of all credits at most, and four of them meet the turnout's floor. */
const STAKE_MICRO = 300_000_000_000n;
const ELECTED_SECONDS = 420;
const RECOVERED_SECONDS = 300;
const POLL_MILLISECONDS = 250;

/** Four seats, and a fifth candidate that the accountants vote for; elections follow by the watcher. */
export async function standBy({ besu, network }: MeasuredFederation): Promise<void> {
  const { transaction: chain, operators } = network;
  const { council, issuer, ...others } = operators.transaction;
  await admitOnce(withSigner(chain, council), issuer.address, [MemberRole.ServiceProvider]);
  await setSeats(withSigner(chain, council), { seats: BigInt(SEATS) });
  const pay = (to: string, amountMicro: bigint): Promise<unknown> =>
    issueCredits(withSigner(chain, issuer), { to, amountMicro, paymentReference: id(`bench/${to}`) });
  const member = await openOperator(besu.dir, CHAIN, STANDBY, besu.password);
  const { minimumDepositMicro: amountMicro } = (await marketParameters(besu.network.slotSeconds ?? 900)).election;
  await pay(member.address, amountMicro);
  const own = withSigner(chain, member);
  await allowDeposit(own, { amountMicro });
  const node = besu.network.nodes.find(({ name }) => name === STANDBY);
  if (node === undefined) throw new Error("there is no standby");
  const key = new Wallet(await openNodeKey(besu.dir, node, CHAIN, besu.password));
  await registerCandidate(own, await signNodeClaim(chain, key, { member: member.address }));
  const candidates = (await candidatesOf(chain)).map(({ candidate }) => candidate);
  for (const number of FOUNDERS) {
    const voter = others[`accountant${number}`];
    await pay(voter.address, STAKE_MICRO);
    await voteWithStake(withSigner(chain, voter), { candidates, amountMicro: STAKE_MICRO });
  }
}

export async function benchFailure(federation: MeasuredFederation, print: (text: string) => void): Promise<Figures> {
  const { network, reader } = federation;
  const folder = await mkdtemp(join(tmpdir(), "commonwatt-bench-watcher-"));
  const stop = new AbortController();
  const chain = withSigner(network.transaction, network.operators.transaction.relayer);
  const reports: number[] = [];
  const onEvent = (event: WatcherEvent): void => {
    if (event.kind === "missed") reports.push(Date.now() / 1_000);
    if (event.kind === "failed") print(`The watcher: ${event.task}: ${event.reason}`);
  };
  const store = new CertificateStore(folder, chain.deployment.chainId);
  // turns that were missed under load are the machine's fault, and would jail whoever is to stay
  await store.setNextBlock("turns", (await headOf(reader)).number + 1);
  const watching = new Watcher({ chain, store, onEvent }).run(stop.signal);
  try {
    print(`Waiting until ${STANDBY} is elected to stand by...`);
    await untilElected(federation);
    print(`Killing ${VICTIM}...`);
    const first = await headOf(reader);
    const endedAt = Date.now() / 1_000;
    await federation.kill(VICTIM);
    const blocks = await untilRecovered(federation, first, endedAt);
    const { lastLate, average = NaN, late } = recoveryOf(blocks, { endedAt, period: PERIOD, window: SEATS });
    const reported = reports.filter((time) => time >= endedAt).map((time) => `${(time - endedAt).toFixed(1)} s`);
    print(
      tableText(
        "One of four accountants killed (kill -9), watcher running, a standby elected",
        ["from the kill", "seconds"],
        [
          ["turns reported after", reported.join(", ")],
          [`the last of ${late} late blocks`, lastLate.toFixed(1)],
          [`average of ${SEATS} block times is ${PERIOD} s again`, average.toFixed(1)],
        ],
      ),
    );
    print(`Goal of ${GOAL_SECONDS} s: ${verdict(average, GOAL_SECONDS)}.`);
    return {
      besuRecoverySeconds: Math.round(average * 10) / 10,
      besuLastLateBlockSeconds: Math.round(lastLate * 10) / 10,
      besuLateBlocks: late,
    };
  } finally {
    stop.abort();
    await watching;
    await rm(folder, { recursive: true, force: true });
  }
}

async function untilElected(federation: MeasuredFederation): Promise<void> {
  const { accountantElection } = federation.network.transaction.contracts;
  for (const until = Date.now() + ELECTED_SECONDS * 1_000; Date.now() < until; await sleep(1_000)) {
    const [standby, set] = await Promise.all([
      ask(() => accountantElection.standby()),
      ask(() => accountantElection.getValidators()),
    ]);
    const isIn = set.includes(nodeOnChain(federation.node(VICTIM), CHAIN).address);
    if (standby.length > 0 && set.length === SEATS && isIn) return;
  }
  const problem = `${STANDBY} does not stand by after ${ELECTED_SECONDS} s`;
  throw new InputError({ file: "election" }, problem, "Look at npm run accountants -- status of the network");
}

async function untilRecovered(
  federation: MeasuredFederation,
  first: TimedBlock,
  endedAt: number,
): Promise<TimedBlock[]> {
  const { reader, network } = federation;
  const { accountantElection } = network.transaction.contracts;
  const victim = nodeOnChain(federation.node(VICTIM), CHAIN).address;
  const blocks = [first];
  for (const until = Date.now() + RECOVERED_SECONDS * 1_000; Date.now() < until; await sleep(POLL_MILLISECONDS)) {
    const head = await headOf(reader);
    for (let number = (blocks.at(-1)?.number ?? 0) + 1; number <= head.number; number++) {
      blocks.push(await blockAt(reader, toQuantity(number)));
    }
    const { average } = recoveryOf(blocks, { endedAt, period: PERIOD, window: SEATS });
    if (average === undefined) continue;
    if (!(await ask(() => accountantElection.getValidators())).includes(victim)) return blocks;
  }
  const problem = `blocks do not come every ${PERIOD} s again within ${RECOVERED_SECONDS} s`;
  throw new InputError({ file: "recovery" }, problem, "Look at network status: is the watcher's account listed?");
}

function headOf(reader: JsonRpcProvider): Promise<TimedBlock> {
  return blockAt(reader, "latest");
}

async function blockAt(reader: JsonRpcProvider, tag: string): Promise<TimedBlock> {
  const block = await there<{ number: string; timestamp: string }>(reader, "eth_getBlockByNumber", tag, false);
  return { number: Number(block.number), timestamp: Number(block.timestamp) };
}
