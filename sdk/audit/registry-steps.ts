/** Members, users and devices, from events: who they are, and how they stand now. */
import { ZeroAddress } from "ethers";

import { DeviceStatus } from "../enums.js";
import type { ChainEvent } from "../events.js";
import { bigintArg, stringArg } from "./event.js";
import type { AuditState } from "./state.js";

/** IFederation.Account. */
export interface AdmittedState {
  readonly kind: "member" | "user";
  /** Bitmask of MemberRole; 0 for a user. */
  roles: bigint;
  /** Who admitted a user, and for which credential; undefined for a member. */
  readonly registrar: string | undefined;
  readonly credential: string | undefined;
  /** Unix seconds; 0 when never or reinstated. */
  suspendedUntil: bigint;
  suspendedByCouncil: boolean;
  expelled: boolean;
}

/** IDeviceRegistry.Device. */
export interface DeviceState {
  key: string;
  /** DeviceStatus. */
  status: bigint;
  /** DeviceKind. */
  readonly kind: bigint;
  /** Changes of key and of owner, the claim not counted. */
  nonce: bigint;
  readonly maker: string;
  readonly model: string;
  readonly serialHash: string;
  /** Unix seconds; end of its certificate's validity. */
  claimableUntil: bigint;
  /** Of a meter that somebody claimed. */
  operator: string | undefined;
}

/** The steps of the fold that concern members, users and devices, by event. */
export const REGISTRY_STEPS: Readonly<Record<string, (state: AuditState, event: ChainEvent) => void>> = {
  "Federation.MemberAdmitted": ({ admitted }, event) => {
    const none = { registrar: undefined, credential: undefined };
    admitted.set(stringArg(event, "member"), admittedAs({ kind: "member", roles: bigintArg(event, "roles"), ...none }));
  },
  "Federation.UserAdmitted": ({ admitted }, event) => {
    const credential = stringArg(event, "credentialCommitment");
    const registrar = stringArg(event, "registrar");
    admitted.set(stringArg(event, "user"), admittedAs({ kind: "user", roles: 0n, registrar, credential }));
  },
  "Federation.MemberRolesChanged": (state, event) => {
    change(state.admitted, stringArg(event, "member"), { roles: bigintArg(event, "roles") });
  },
  "Federation.AccountSuspended": (state, event) => {
    const [suspendedUntil, suspendedByCouncil] = [bigintArg(event, "until"), event.args["byCouncil"] === true];
    change(state.admitted, stringArg(event, "account"), { suspendedUntil, suspendedByCouncil });
  },
  "Federation.AccountReinstated": (state, event) => {
    change(state.admitted, stringArg(event, "account"), { suspendedUntil: 0n, suspendedByCouncil: false });
  },
  "Federation.AccountExpelled": (state, event) => {
    change(state.admitted, stringArg(event, "account"), { expelled: true });
  },
  "DeviceRegistry.DeviceCertified": ({ devices }, event) => {
    devices.set(bigintArg(event, "device"), {
      key: stringArg(event, "key"),
      status: 0n, // its own event follows
      kind: bigintArg(event, "kind"),
      nonce: 0n,
      maker: stringArg(event, "maker"),
      model: stringArg(event, "model"),
      serialHash: stringArg(event, "serialHash"),
      claimableUntil: bigintArg(event, "validUntil"),
      operator: undefined,
    });
  },
  "DeviceRegistry.DeviceStatusChanged": (state, event) => {
    change(state.devices, bigintArg(event, "device"), { status: bigintArg(event, "status") });
  },
  "DeviceRegistry.KeyRotated": (state, event) => {
    const device = state.devices.get(bigintArg(event, "device"));
    if (device === undefined) return;
    device.key = stringArg(event, "newKey");
    device.nonce += 1n;
    device.claimableUntil = bigintArg(event, "claimableUntil");
  },
  "DeviceRegistry.HolderScheduled": ({ devices }, event) => {
    const device = devices.get(bigintArg(event, "device"));
    const isClaim = device?.status === BigInt(DeviceStatus.Certified);
    // a device that is retired has no owner any more, which is no change of it
    if (device !== undefined && !isClaim && stringArg(event, "holder") !== ZeroAddress) device.nonce += 1n;
  },
  "DeviceRegistry.OperatorAssigned": (state, event) => {
    change(state.devices, bigintArg(event, "device"), { operator: stringArg(event, "operator") });
  },
};

function admittedAs(who: Pick<AdmittedState, "kind" | "roles" | "registrar" | "credential">): AdmittedState {
  return { ...who, suspendedUntil: 0n, suspendedByCouncil: false, expelled: false };
}

/** What was never admitted or certified is found missing when the chain is compared. */
function change<Key, Item extends object>(items: Map<Key, Item>, key: Key, changes: NoInfer<Partial<Item>>): void {
  const item = items.get(key);
  if (item !== undefined) Object.assign(item, changes);
}
