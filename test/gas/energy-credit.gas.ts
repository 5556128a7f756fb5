import { id } from "ethers";

import { MemberRole } from "../../sdk/enums.js";
import { mined, type GasScenarios, type GasStage } from "../../scripts/gas/scenario.js";

const AMOUNT_MICRO = 5_000_000n;

/** EnergyCredit with an issuer; `issuer` and `holder` are the second and third test accounts. */
async function deployed({ ethers }: GasStage) {
  const [admin, issuer, holder] = await ethers.getSigners();
  if (!admin || !issuer || !holder) throw new Error("The chain has too few accounts.");
  const manager = await ethers.deployContract("FederationAccessManager", [admin.address]);
  const federation = await ethers.deployContract("Federation", [await manager.getAddress()]);
  await manager.bindFederation(await federation.getAddress());
  await federation.admitMember(issuer.address, 1n << BigInt(MemberRole.ServiceProvider));
  const credit = await ethers.deployContract("EnergyCredit", [await manager.getAddress()]);
  const issuerRole = 2n;
  const selectors = [credit.issue.fragment.selector, credit.redeemFrom.fragment.selector];
  await manager.setTargetFunctionRole(await credit.getAddress(), selectors, issuerRole);
  await manager.grantRole(issuerRole, issuer.address, 0);
  return { credit: credit.connect(issuer), issuer, holder };
}

export const scenarios: GasScenarios = {
  "EnergyCredit.issue, first credits of a holder": async (stage) => {
    const { credit, holder } = await deployed(stage);
    return mined(credit.issue(holder.address, AMOUNT_MICRO, id("payment 1")));
  },

  "EnergyCredit.issue, holder has credits": async (stage) => {
    const { credit, holder } = await deployed(stage);
    await credit.issue(holder.address, AMOUNT_MICRO, id("payment 1"));
    return mined(credit.issue(holder.address, AMOUNT_MICRO, id("payment 2")));
  },

  "EnergyCredit.redeemFrom, part of the allowance": async (stage) => {
    const { credit, issuer, holder } = await deployed(stage);
    await credit.issue(holder.address, AMOUNT_MICRO, id("payment 1"));
    await credit.connect(holder).approve(issuer.address, AMOUNT_MICRO);
    return mined(credit.redeemFrom(holder.address, AMOUNT_MICRO / 2n, id("payment 2")));
  },

  "EnergyCredit.transfer, to a new holder": async (stage) => {
    const { credit, issuer, holder } = await deployed(stage);
    await credit.issue(holder.address, AMOUNT_MICRO, id("payment 1"));
    return mined(credit.connect(holder).transfer(issuer.address, AMOUNT_MICRO / 2n));
  },
};
