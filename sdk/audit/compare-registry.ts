/** Check C1 for members, users and devices. */
import { ZeroAddress } from "ethers";

import type { TransactionChain } from "../connect.js";
import { ask } from "../transact.js";
import { each } from "./each.js";
import { expectEqual, type AuditState } from "./state.js";

type At = { readonly blockTag: number };

/** IFederation.AccountKind. */
const ACCOUNT_KINDS = { none: 0n, member: 1n, user: 2n } as const;

/** Compares every account that was admitted or holds a device, and every device. Differences are noted. */
export async function compareRegistry(state: AuditState, chain: TransactionChain, at: At): Promise<void> {
  await compareAdmitted(state, chain, at);
  await compareDevices(state, chain, at);
}

async function compareAdmitted(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  const { federation } = contracts;
  const { admitted } = state;
  const members = [...admitted.values()].filter(({ kind, expelled }) => kind === "member" && !expelled).length;
  const count = await ask(() => federation.memberCount(at));
  expectEqual(state, "C1", "members", "Federation.memberCount", count, BigInt(members));
  await each(new Set([...admitted.keys(), ...holdersOf(state)]), async (account) => {
    const actual = await ask(() => federation.accountOf(account, at));
    const known = admitted.get(account);
    const expected = {
      kind: ACCOUNT_KINDS[known?.kind ?? "none"],
      roles: known?.roles ?? 0n,
      registrar: known?.registrar ?? ZeroAddress,
      suspendedUntil: known?.suspendedUntil ?? 0n,
      suspendedByCouncil: known?.suspendedByCouncil ?? false,
      expelled: known?.expelled ?? false,
    };
    for (const field of Object.keys(expected) as (keyof typeof expected)[]) {
      expectEqual(state, "C1", `${field} of ${account}`, "Federation.accountOf", actual[field], expected[field]);
    }
    const credential = known?.credential;
    if (credential === undefined) return;
    const user = await ask(() => federation.userOfCredential(credential, at));
    expectEqual(state, "C1", `user of the credential ${credential}`, "Federation.userOfCredential", user, account);
  });
}

async function compareDevices(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  const { deviceRegistry } = contracts;
  const { devices } = state;
  const count = await ask(() => deviceRegistry.deviceCount(at));
  expectEqual(state, "C1", "devices", "DeviceRegistry.deviceCount", count, BigInt(devices.size));
  await each(devices, async ([device, { serialHash, operator, ...known }]) => {
    const actual = await ask(() => deviceRegistry.deviceAt(device, at));
    const expected = { ...known, operator: operator ?? ZeroAddress };
    for (const field of Object.keys(expected) as (keyof typeof expected)[]) {
      const what = `${field} of device ${device}`;
      expectEqual(state, "C1", what, "DeviceRegistry.deviceAt", actual[field], expected[field]);
    }
    const bySerial = await ask(() => deviceRegistry.deviceOfSerial(known.maker, serialHash, at));
    expectEqual(state, "C1", `device of serial ${serialHash}`, "DeviceRegistry.deviceOfSerial", bySerial, device);
  });
}

/** Whoever held a device was admitted. */
function holdersOf({ terms }: AuditState): string[] {
  const holders = [...terms.holders.values()].flat().map(({ value }) => value);
  return holders.filter((holder) => holder !== ZeroAddress);
}
