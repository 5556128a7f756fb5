import { id, SigningKey, Wallet } from "ethers";

import { ipToBytes16 } from "../../sdk/admittance/enode.js";
import { nodeAnnouncementMessage } from "../../sdk/signing/nodes.js";
import { sign } from "../../sdk/signing/typed-data.js";
import { mined, type GasScenarios, type GasStage } from "../../scripts/gas/scenario.js";

/** Of the gas scenarios' chain. */
const CHAIN_ID = 410_001;

/** The directory behind a real Federation; the member sends, and is its node's agent. */
async function deployed({ ethers }: GasStage) {
  const [deployer, member] = await ethers.getSigners();
  if (!deployer || !member) throw new Error("The chain has too few accounts.");
  const manager = await ethers.deployContract("FederationAccessManager", [deployer.address]);
  const federation = await ethers.deployContract("Federation", [await manager.getAddress()]);
  await federation.admitMember(member.address, 1n);
  const directory = await ethers.deployContract("NodeDirectory", [await federation.getAddress()]);
  return { member, directory: directory.connect(member) };
}

async function announcement({ member, directory }: Awaited<ReturnType<typeof deployed>>, port: bigint) {
  const node = new Wallet(id("node"));
  const key = SigningKey.computePublicKey(node.privateKey, false);
  const [keyX, keyY] = [`0x${key.slice(4, 68)}`, `0x${key.slice(68)}`];
  const details = { keyX, keyY, agent: member.address, ip: ipToBytes16("192.0.2.1") ?? "", port };
  const place = { chainId: CHAIN_ID, verifyingContract: await directory.getAddress() };
  const signature = await sign(node, nodeAnnouncementMessage(place, { member: member.address, ...details }));
  return { node: node.address, details, signature };
}

export const scenarios: GasScenarios = {
  "NodeDirectory.announce, a member's first node": async (stage) => {
    const world = await deployed(stage);
    const { details, signature } = await announcement(world, 30_303n);
    return mined(world.directory.announce(details, signature));
  },

  "NodeDirectory.announce, another port": async (stage) => {
    const world = await deployed(stage);
    const first = await announcement(world, 30_303n);
    await world.directory.announce(first.details, first.signature);
    const { details, signature } = await announcement(world, 30_304n);
    return mined(world.directory.announce(details, signature));
  },

  "NodeDirectory.attest, changed lists": async (stage) => {
    const world = await deployed(stage);
    const { node, details, signature } = await announcement(world, 30_303n);
    await world.directory.announce(details, signature);
    const block = await stage.ethers.provider.getBlockNumber();
    await world.directory.attest(node, id("accounts"), id("nodes"), block);
    return mined(world.directory.attest(node, id("other accounts"), id("nodes"), block + 1));
  },

  "NodeDirectory.withdraw": async (stage) => {
    const world = await deployed(stage);
    const { node, details, signature } = await announcement(world, 30_303n);
    await world.directory.announce(details, signature);
    return mined(world.directory.withdraw(node));
  },
};
