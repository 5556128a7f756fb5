/** The election of accountants, the same on both chains: who produces blocks, who votes, who judges turns. */
import type {
  ArgumentType,
  IgnitionModuleBuilder,
  NamedArtifactContractDeploymentFuture,
} from "@nomicfoundation/ignition-core";
import { ZeroAddress } from "ethers";

import type { Manager } from "./access.js";
import type { ElectionParameters, FounderParameters } from "./parameters.js";
import { place, type Ground, type Placed } from "./predeployed.js";

type Deployed<Name extends string> = NamedArtifactContractDeploymentFuture<Name>;

export interface ElectionContracts {
  readonly AccountantElection: Placed<"AccountantElection">;
  readonly VoteBook: Deployed<"VoteBook">;
  readonly TurnCourt: Deployed<"TurnCourt">;
}

/** What the election is founded on; a chain without credits has neither `credit` nor `reserve`. */
export interface ElectionGrounds {
  readonly manager: Manager;
  readonly federation: Placed<"Federation">;
  readonly credit?: Placed<"EnergyCredit">;
  /** The issuer's account, whose credits do not circulate: a parameter's name. */
  readonly reserve?: string;
}

/** Terms that the election's constructor takes (ElectionTypes.ElectionSettings). */
const SETTINGS = [
  "epochBlocks",
  "seats",
  "turnoutFloorBps",
  "unlockSeconds",
  "trustingSeconds",
  "minimumDepositMicro",
  "founderWeight",
] as const;
export type ElectionSettingName = (typeof SETTINGS)[number];

/** What the election's constructor is given as settings, of addresses or of what Ignition knows by them. */
export function electionSettings<Contract, Value>(
  stands: { readonly federation: Contract; readonly credit: Contract },
  setting: (name: ElectionSettingName) => Value,
): Record<string, Contract | Value> {
  return { ...stands, ...Object.fromEntries(SETTINGS.map((name) => [name, setting(name)])) };
}

export function deployElection(m: IgnitionModuleBuilder, ground: Ground, grounds: ElectionGrounds): ElectionContracts {
  const { manager, federation, credit, reserve } = grounds;
  const setting = <Name extends keyof ElectionParameters>(name: Name) => m.getParameter(name);
  const AccountantElection = place(m, ground, "AccountantElection", () => [
    manager,
    electionSettings<ArgumentType, ArgumentType>({ federation, credit: credit ?? ZeroAddress }, setting),
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
