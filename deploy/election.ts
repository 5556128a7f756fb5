/** The election of accountants, the same on both chains: who produces blocks, who votes, who judges turns. */
import type { IgnitionModuleBuilder, NamedArtifactContractDeploymentFuture } from "@nomicfoundation/ignition-core";
import { ZeroAddress } from "ethers";

import type { Manager } from "./access.js";
import type { ElectionParameters, FounderParameters } from "./parameters.js";

type Deployed<Name extends string> = NamedArtifactContractDeploymentFuture<Name>;

export interface ElectionContracts {
  readonly AccountantElection: Deployed<"AccountantElection">;
  readonly VoteBook: Deployed<"VoteBook">;
  readonly TurnCourt: Deployed<"TurnCourt">;
}

/** What the election is founded on; a chain without credits has neither `credit` nor `reserve`. */
export interface ElectionGrounds {
  readonly manager: Manager;
  readonly federation: Deployed<"Federation">;
  readonly credit?: Deployed<"EnergyCredit">;
  /** The issuer's account, whose credits do not circulate: a parameter's name. */
  readonly reserve?: string;
}

export function deployElection(m: IgnitionModuleBuilder, grounds: ElectionGrounds): ElectionContracts {
  const { manager, federation, credit, reserve } = grounds;
  const setting = <Name extends keyof ElectionParameters>(name: Name) => m.getParameter(name);
  const AccountantElection = m.contract("AccountantElection", [
    manager,
    {
      federation,
      credit: credit ?? ZeroAddress,
      epochBlocks: setting("epochBlocks"),
      seats: setting("seats"),
      turnoutFloorBps: setting("turnoutFloorBps"),
      unlockSeconds: setting("unlockSeconds"),
      trustingSeconds: setting("trustingSeconds"),
      minimumDepositMicro: setting("minimumDepositMicro"),
      founderWeight: setting("founderWeight"),
    },
    m.getParameter<FounderParameters[]>("founders"),
  ]);
  const VoteBook = m.contract("VoteBook", [
    manager,
    AccountantElection,
    reserve === undefined ? ZeroAddress : m.getParameter<string>(reserve),
    setting("capBps"),
  ]);
  const TurnCourt = m.contract("TurnCourt", [
    AccountantElection,
    {
      timeoutSeconds: setting("timeoutSeconds"),
      slackSeconds: setting("slackSeconds"),
      decayBlocks: setting("decayBlocks"),
      jailSeconds: setting("jailSeconds"),
      absenceBlocks: setting("absenceBlocks"),
      absenceEpochs: setting("absenceEpochs"),
    },
  ]);
  m.call(federation, "bindObserver", [AccountantElection]);
  return { AccountantElection, VoteBook, TurnCourt };
}
