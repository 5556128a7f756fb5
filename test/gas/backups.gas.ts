/** What it costs a member to say which blocks it keeps. */
import { id, type TransactionReceipt } from "ethers";

import { MemberRole } from "../../sdk/enums.js";
import { mined, type GasScenarios, type GasStage } from "../../scripts/gas/scenario.js";

const SPAN = 4;

/** The publishing of so many archive files, after `before` of them. */
async function published(stage: GasStage, files: number, before = 0): Promise<TransactionReceipt> {
  const { ethers, networkHelpers } = stage;
  const [admin, member] = await ethers.getSigners();
  if (admin === undefined || member === undefined) throw new Error("the stage has no accounts");
  const manager = await ethers.deployContract("FederationAccessManager", [admin.address]);
  const federation = await ethers.deployContract("Federation", [await manager.getAddress()]);
  await federation.admitMember(member.address, 1n << BigInt(MemberRole.Accountant));
  const register = await ethers.deployContract("BackupRegister", [await federation.getAddress()]);
  await networkHelpers.mine(SPAN * (files + before));
  const range = (file: number) => ({ from: file * SPAN, to: file * SPAN + SPAN - 1, root: id(`${file}`) });
  const ranges = Array.from({ length: files + before }, (_, file) => range(file));
  const own = register.connect(member);
  if (before > 0) await mined(own.publish(ranges.slice(0, before)));
  return mined(own.publish(ranges.slice(before)));
}

export const scenarios: GasScenarios = {
  "BackupRegister.publish, 1 file": (stage) => published(stage, 1),
  "BackupRegister.publish, 1 file after others": (stage) => published(stage, 1, 1),
  "BackupRegister.publish, 64 files after others": (stage) => published(stage, 64, 1),
};
