/** The rules that a reading passes before it is kept for the chain. The chain checks most of them again. */
import { getAddress } from "ethers";

import { ReadingStatus } from "../../sdk/enums.js";
import { signedDigest, type SignedReading } from "../../sdk/signing/readings.js";
import type { SigningDomain } from "../../sdk/signing/typed-data.js";
import { formatTime } from "../../sdk/time/slots.js";

import { topicOf } from "./payload.js";
import { signerOf } from "./signer.js";
import type { MeterSite, ReadingDates, ReadingRule, RuleContext } from "./types.js";

/** A meter publishes on its own topic only. */
export const ownTopic: ReadingRule = {
  name: "own-topic",
  check: (reading, { origin }) =>
    origin === topicOf(reading.meter) ? undefined : `meter ${reading.meter} does not publish on ${origin}`,
};

/** The meter stands at a feeder in the slot, and as a device it is active where it signs itself. */
export const knownMeter: ReadingRule = {
  name: "known-meter",
  check: async (reading, context) => {
    const site = await freshIf(
      reading,
      context,
      (found) => found === undefined || signerAt(reading, found) === undefined,
    );
    if (site === undefined) return `meter ${reading.meter} stands at no feeder in slot ${reading.slot}`;
    return signerAt(reading, site) === undefined ? `meter ${reading.meter} is not an active device` : undefined;
  },
};

/** So far may the oracle's clock be behind the meter's. The chain judges by its own: the sender waits for it. */
export const CLOCK_TOLERANCE_SECONDS = 5n;

/** Delivery has ended, give or take the clocks: nobody can have measured it before. */
export const notFuture: ReadingRule = {
  name: "not-future",
  check: async (reading, { clock, times }) => {
    const { deliveryEnd } = await times.timesOf(reading.slot);
    const latest = BigInt(clock.now()) + CLOCK_TOLERANCE_SECONDS;
    return latest < deliveryEnd ? `delivery lasts until ${formatTime(deliveryEnd)}` : undefined;
  },
};

/** From when on the chain takes no reading of that status any more, Unix seconds (market rules, "Time of a slot"). */
export function takenUntil(dates: ReadingDates, status: ReadingStatus): bigint {
  if (status === ReadingStatus.Actual) return dates.actualsUntil;
  return status === ReadingStatus.Corrected ? dates.decisionEnd : dates.readingEnd;
}

/** The chain still takes a reading of that status (market rules, "Time of a slot"). */
export const notTooLate: ReadingRule = {
  name: "not-too-late",
  check: async (reading, { clock, times }) => {
    const dates = await times.timesOf(reading.slot);
    const until = takenUntil(dates, reading.status);
    return BigInt(clock.now()) >= until ? `such readings were taken until ${formatTime(until)}` : undefined;
  },
};

/** No more than the connection carries, in either direction; `tolerancePercent` above its size is let through. */
export function withinConnection(tolerancePercent = 0n): ReadingRule {
  return {
    name: "within-connection",
    check: async (reading, context) => {
      const carries = (site: MeterSite): bigint => (site.connectionWh * (100n + tolerancePercent)) / 100n;
      const largest = reading.importWh > reading.exportWh ? reading.importWh : reading.exportWh;
      const site = await freshIf(reading, context, (found) => found === undefined || largest > carries(found));
      if (site === undefined) return `meter ${reading.meter} has no connection in slot ${reading.slot}`;
      return largest > carries(site)
        ? `${largest} Wh is more than its connection of ${site.connectionWh} Wh carries`
        : undefined;
    },
  };
}

/** The device signed an actual value, the feeder's metering operator any other. */
export function rightSigner(ledger: SigningDomain): ReadingRule {
  // finding the signer is the dearest of all: once for the readings of a series
  const signers = new WeakMap<readonly SignedReading[], { readonly signer: string | undefined }>();
  const signerOnce = (signed: readonly SignedReading[]): string | undefined => {
    const known = signers.get(signed) ?? { signer: signerOfAll(ledger, signed) };
    signers.set(signed, known);
    return known.signer;
  };
  return {
    name: "right-signer",
    check: async (reading, context) => {
      const signer = signerOnce(context.signed);
      const isWrong = (site: MeterSite | undefined): boolean =>
        site === undefined || signerAt(reading, site)?.toLowerCase() !== signer;
      const site = await freshIf(reading, context, isWrong);
      return isWrong(site) ? `${signer ? getAddress(signer) : "nobody"} signed, not whose reading it is` : undefined;
    },
  };
}

/** All but the signature's, cheap ones first. The chain checks signatures again, at the price of a refused batch. */
export const PLAUSIBILITY_RULES: readonly ReadingRule[] = [
  ownTopic,
  notFuture,
  notTooLate,
  knownMeter,
  withinConnection(),
];

/** All of them. */
export function standardRules(ledger: SigningDomain): ReadingRule[] {
  return [...PLAUSIBILITY_RULES, rightSigner(ledger)];
}

function signerAt(reading: SignedReading, site: MeterSite): string | undefined {
  return reading.status === ReadingStatus.Actual ? site.deviceKey : site.meteringOperator;
}

/** Whom the signature names that the last of the readings carries for all; in lower case. */
function signerOfAll(ledger: SigningDomain, signed: readonly SignedReading[]): string | undefined {
  const last = signed.at(-1);
  return last && signerOf(signedDigest(ledger, signed), last);
}

/** The site from memory, or looked up anew where that would refuse the reading: keys rotate, meters move. */
async function freshIf(
  { meter, slot }: SignedReading,
  { directory }: RuleContext,
  refuses: (site: MeterSite | undefined) => boolean,
): Promise<MeterSite | undefined> {
  const remembered = await directory.siteOf(meter, slot);
  return refuses(remembered) ? directory.siteOf(meter, slot, { fresh: true }) : remembered;
}
