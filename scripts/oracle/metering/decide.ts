/**
 * As what a value goes to the chain. A device signs actual values only; substitutes and estimates carry the metering
 * operator's signature while the reading window lasts, corrections until the decision's end. Nothing but a correction
 * replaces an actual value (market rules, "Readings"; MeterLedger refuses all else).
 */
import { ReadingStatus } from "../../../sdk/enums.js";
import { formatTime } from "../../../sdk/time/slots.js";
import { estimatesFrom } from "../gap-filler.js";
import type { LatestReading, ReadingDates } from "../types.js";
import type { MeteredValue } from "../vee/index.js";

export type Decision =
  | { readonly kind: "send"; readonly status: ReadingStatus; readonly sequence: bigint }
  /** It is there already, or nobody takes it any more. */
  | { readonly kind: "done" }
  /** Not now; the text says what it waits for. */
  | { readonly kind: "held"; readonly why: string };

export interface Circumstances {
  /** What was signed before for the meter and slot. */
  readonly latest: LatestReading | undefined;
  /** The chain has a measured reading that another sender brought: a second gateway, or an oracle before a restored backup. */
  readonly isOfAnother: boolean;
  readonly dates: ReadingDates;
  /** Unix seconds. */
  readonly now: bigint;
  /** Whether the oracle's key is that of the metering operator of the meter's feeder. */
  readonly isOperator: boolean;
}

const LAST_SEQUENCE = 255n;

/** What is done with the value of a slot. */
export function decide(value: MeteredValue, circumstances: Circumstances): Decision {
  const { latest, dates, now } = circumstances;
  if (now < dates.deliveryEnd) return { kind: "held", why: `delivery lasts until ${formatTime(dates.deliveryEnd)}` };
  const isSame = latest?.importWh === value.importWh && latest.exportWh === value.exportWh;
  const isMeasured = latest?.status === ReadingStatus.Actual || latest?.status === ReadingStatus.Corrected;
  if (isMeasured) return isSame ? { kind: "done" } : replacement(value, circumstances);
  // two gateways read a meter's count moments apart: a Wh of difference is nothing to correct each other for
  if (circumstances.isOfAnother) return { kind: "done" };
  if (value.status === ReadingStatus.Actual) {
    return now < dates.actualsUntil ? { kind: "send", status: value.status, sequence: 1n } : correction(circumstances);
  }
  if (isSame && latest.status === value.status) return { kind: "done" };
  return now < dates.readingEnd ? substitute(value, circumstances) : lateSubstitute(value, circumstances);
}

function substitute({ status }: MeteredValue, { latest, dates, now, isOperator }: Circumstances): Decision {
  const from = estimatesFrom(dates);
  if (now < from) return { kind: "held", why: `the true value may come until ${formatTime(from)}` };
  return byOperator(isOperator, status, latest);
}

/** After the window: what is known of the energy is still better than none. A guess is not. */
function lateSubstitute({ status }: MeteredValue, circumstances: Circumstances): Decision {
  return status === ReadingStatus.Substituted ? correction(circumstances) : { kind: "done" };
}

/** What was measured gives way to what measurements say. A guess is for a person to look at, and to sign as a correction. */
function replacement({ status }: MeteredValue, circumstances: Circumstances): Decision {
  const { now, dates } = circumstances;
  if (status !== ReadingStatus.Estimated || now >= dates.decisionEnd) return correction(circumstances);
  return { kind: "held", why: "a measured value was signed before, and what is known now is only an estimate" };
}

function correction({ latest, dates, now, isOperator }: Circumstances): Decision {
  if (now >= dates.decisionEnd) return { kind: "done" };
  const before = latest?.status === ReadingStatus.Corrected ? latest : undefined;
  return byOperator(isOperator, ReadingStatus.Corrected, before);
}

function byOperator(isOperator: boolean, status: ReadingStatus, latest: LatestReading | undefined): Decision {
  if (!isOperator) return { kind: "held", why: "only the metering operator of its feeder can sign it" };
  const sequence = (latest?.sequence ?? 0n) + 1n;
  if (sequence > LAST_SEQUENCE) return { kind: "held", why: `it has changed ${LAST_SEQUENCE} times` };
  return { kind: "send", status, sequence };
}
