import { id } from "ethers";

import { MemberRole } from "../../sdk/enums.js";
import { mined, type GasScenarios, type GasStage } from "../../scripts/gas/scenario.js";

const TIMES = {
  votingDelayBlocks: 1,
  votingPeriodBlocks: 12,
  timelockSeconds: 1,
  queueBlocks: 100,
  executionSeconds: 1_000,
};
const SUPPLIER = 1n << BigInt(MemberRole.Supplier);
const FOR = 1;

/** Three founders govern a federation; `propose` is a proposal to admit a fourth member. */
async function governed({ ethers }: GasStage) {
  const [deployer, one, two, three, candidate] = await ethers.getSigners();
  if (!deployer || !one || !two || !three || !candidate) throw new Error("The chain has too few accounts.");
  const manager = await ethers.deployContract("FederationAccessManager", [deployer.address]);
  const federation = await ethers.deployContract("Federation", [await manager.getAddress()]);
  await manager.bindFederation(await federation.getAddress());
  const governor = await ethers.deployContract("FederationGovernor", [
    await federation.getAddress(),
    await manager.getAddress(),
    TIMES,
  ]);
  for (const { address } of [one, two, three]) await federation.admitMember(address, SUPPLIER);
  const admitMember = federation.admitMember.fragment.selector;
  const council = 1n;
  await manager.setTargetFunctionRole(await federation.getAddress(), [admitMember], council);
  await manager.handOver(await governor.getAddress());
  const data = federation.interface.encodeFunctionData("admitMember", [candidate.address, SUPPLIER]);
  const lists = [[await federation.getAddress()], [0n], [data]] as [string[], bigint[], string[]];
  const proposalId = await governor.hashProposal(...lists, id("admit"));
  return { governor: governor.connect(one), lists, proposalId, voters: [one, two, three] as const };
}

export const scenarios: GasScenarios = {
  "Federation.admitMember": async ({ ethers }) => {
    const [deployer, member, other] = await ethers.getSigners();
    if (!deployer || !member || !other) throw new Error("The chain has too few accounts.");
    const manager = await ethers.deployContract("FederationAccessManager", [deployer.address]);
    const federation = await ethers.deployContract("Federation", [await manager.getAddress()]);
    await federation.admitMember(other.address, SUPPLIER);
    return mined(federation.admitMember(member.address, SUPPLIER));
  },

  "FederationGovernor.propose, 1 call": async (stage) => {
    const { governor, lists } = await governed(stage);
    return mined(governor.propose(...lists, "admit"));
  },

  "FederationGovernor.castVote": async (stage) => {
    const { governor, lists, proposalId, voters } = await governed(stage);
    await governor.propose(...lists, "admit");
    await stage.networkHelpers.mine(1);
    await governor.castVote(proposalId, FOR);
    return mined(governor.connect(voters[1]).castVote(proposalId, FOR));
  },

  "FederationGovernor.execute, an admission": async (stage) => {
    const { governor, lists, proposalId, voters } = await governed(stage);
    await governor.propose(...lists, "admit");
    await stage.networkHelpers.mine(1);
    for (const voter of voters) await governor.connect(voter).castVote(proposalId, FOR);
    await stage.networkHelpers.mine(TIMES.votingPeriodBlocks);
    await governor.queue(...lists, id("admit"));
    await stage.networkHelpers.mine(2);
    return mined(governor.execute(...lists, id("admit")));
  },
};
