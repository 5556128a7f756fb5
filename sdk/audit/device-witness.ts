/** A29: certificates are signed by their makers, readings by their meters' keys or their metering operators. */
import { Signature } from "ethers";

import { CONTRACT_INTERFACES } from "../contracts.js";
import { DeviceStatus, MemberRole, ReadingStatus, type DeviceKind } from "../enums.js";
import { callDecoder } from "../event-decoder.js";
import type { ChainEvent, TransactionFacts } from "../events.js";
import { packReading, unpackReadings, type ReadingRecord } from "../records.js";
import { certificateMessage, type Certificate } from "../signing/devices.js";
import { bySignature, signedDigest, type SignedReading } from "../signing/readings.js";
import { digestOf, type SigningDomain } from "../signing/typed-data.js";
import { bigintArg, placeOf, stringArg, wordsArg } from "./event.js";
import type { RoleWitness } from "./role-witness.js";
import { expectEqual, readOrNote, type AuditState } from "./state.js";
import { valueAt } from "./terms.js";
import type { Recover } from "./witness.js";

export class DeviceWitness {
  constructor(
    readonly ledger: SigningDomain,
    readonly registry: SigningDomain,
    readonly roles: RoleWitness,
    readonly recover: Recover,
  ) {}

  take(state: AuditState, event: ChainEvent, within: TransactionFacts): void {
    switch (`${event.contract}.${event.name}`) {
      case "DeviceRegistry.DeviceCertified":
        this.#checkCertificate(state, event, within, stringArg(event, "key"));
        break;
      case "DeviceRegistry.KeyRotated":
        // a rotation by the device itself names no certificate
        if (BigInt(stringArg(event, "certificate")) !== 0n) {
          this.#checkCertificate(state, event, within, stringArg(event, "newKey"));
        }
        break;
      case "MeterLedger.ReadingBatchStored":
        this.#checkBatch(state, event, within);
        break;
      default:
    }
  }

  #checkCertificate(state: AuditState, event: ChainEvent, { input, time }: TransactionFacts, key: string): void {
    const where = placeOf(event);
    const what = `certificate of device ${bigintArg(event, "device")}`;
    const shown = readOrNote(state, "A29", `calldata with the ${what}`, where, () => certificateIn(input));
    expectEqual(state, "A29", `key in the ${what}`, where, shown?.certificate.deviceKey, key);
    if (shown === undefined) return;
    const { certificate, signature } = shown;
    const signer = this.recover(digestOf(certificateMessage(this.registry, certificate)), signature);
    expectEqual(state, "A29", `who signed the ${what}`, where, signer, certificate.maker.toLowerCase());
    const isMaker = this.roles.isActiveMember(certificate.maker, MemberRole.Manufacturer, time);
    expectEqual(state, "A29", `the maker in the ${what} may act`, where, isMaker, true);
    const isValid = certificate.validFrom <= time && time < certificate.validUntil;
    expectEqual(state, "A29", `the ${what} is valid at its time`, where, isValid, true);
  }

  #checkBatch(state: AuditState, event: ChainEvent, { input, time }: TransactionFacts): void {
    const where = placeOf(event);
    const words = wordsArg(event, "readings");
    const shown = readOrNote(state, "A29", "calldata with readings", where, () => readingsIn(input));
    if (shown === undefined) return;
    // the same readings, apart from the mark of what was new
    const told = unpackReadings(words).map((record) => packReading({ ...record, changed: 0n }));
    const sent = shown.map((reading) => packReading({ ...reading, status: BigInt(reading.status), changed: 0n }));
    expectEqual(state, "A29", "readings that the transaction brought", where, sent.join(), told.join());
    if (sent.join() !== told.join()) return;
    const records = unpackReadings(words);
    let at = 0;
    for (const part of bySignature(shown)) {
      const own = records.slice(at, at + part.length);
      at += part.length;
      const last = part.at(-1);
      const news = own.filter(({ changed }) => changed === 1n);
      if (last === undefined || news.length === 0) continue;
      const signer = this.recover(signedDigest(this.ledger, part), last);
      for (const record of news) {
        const allowed = this.#signersOf(state, record, time);
        const what = `signer of reading ${record.meter}/${record.slot}`;
        expectEqual(state, "A29", what, where, allowed.includes(signer ?? ""), true);
      }
    }
  }

  /** The meter's own key while it is active, for an actual reading; the feeder's operator, or its successor, otherwise. */
  #signersOf({ terms, devices }: AuditState, { meter, slot, status }: ReadingRecord, time: bigint): string[] {
    if (status === BigInt(ReadingStatus.Actual)) {
      const device = devices.get(meter);
      return device?.status === BigInt(DeviceStatus.Active) ? [device.key.toLowerCase()] : [];
    }
    const feeder = valueAt(terms.sites.get(meter), slot)?.feeder ?? 0n;
    const schedule = terms.parties.get(feeder);
    const own = valueAt(schedule, slot)?.meteringOperator ?? "";
    if (this.roles.mayAct(own, time)) return [own.toLowerCase()];
    // where the slot's operator is gone, the one that the feeder has later
    return (schedule ?? [])
      .filter(({ fromSlot, value }) => fromSlot > slot && this.roles.mayAct(value.meteringOperator, time))
      .map(({ value }) => value.meteringOperator.toLowerCase());
  }
}

const ledgerCallIn = callDecoder(CONTRACT_INTERFACES.MeterLedger);
const registryCallIn = callDecoder(CONTRACT_INTERFACES.DeviceRegistry);

/** The readings of a call of `submit`; none of any other. */
function readingsIn(input: string): SignedReading[] {
  const call = ledgerCallIn(input);
  if (call?.name !== "submit") return [];
  const sent = call.args["readings"] as readonly (Omit<SignedReading, "status"> & { readonly status: bigint })[];
  return sent.map((reading) => ({ ...reading, status: Number(reading.status) as ReadingStatus }));
}

interface ShownCertificate {
  readonly certificate: Certificate;
  readonly signature: { readonly r: string; readonly vs: string };
}

/** The certificate of a call of `certify`, `register` or `recertify`. */
function certificateIn(input: string): ShownCertificate | undefined {
  const call = registryCallIn(input);
  if (call === undefined || !["certify", "register", "recertify"].includes(call.name)) return undefined;
  const { certificate, makerSignature } = call.args as {
    readonly certificate: Omit<Certificate, "kind"> & { readonly kind: bigint };
    readonly makerSignature: string;
  };
  const { r, yParityAndS: vs } = Signature.from(makerSignature);
  return { certificate: { ...certificate, kind: Number(certificate.kind) as DeviceKind }, signature: { r, vs } };
}
