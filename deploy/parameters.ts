/**
 * The market's deployment parameters: default rules and windows, from the files in `deploy/parameters/`. Money in
 * micro-credits, rates in micro-credits per kWh, windows in seconds.
 */
import { readFile } from "node:fs/promises";

import { z } from "zod";

const COMPRESSED_SECONDS = 30;
const FULL_SECONDS = 3_600;

/** Ignition writes a bigint as "123n". */
const bigintText = z
  .string()
  .regex(/^\d+n$/)
  .transform((text) => BigInt(text.slice(0, -1)));

const rulesSchema = z.strictObject({
  bondRate: z.number().int(),
  escalationRate: z.number().int(),
  retailCap: z.number().int(),
  edgeFeeCap: z.number().int(),
  minimumOrderWh: z.number().int(),
  escalationThreshold: z.number().int(),
  escalationWindow: z.number().int(),
  accountingFeeMicro: z.number().int(),
  reservePerMeterMicro: bigintText,
});

const windowsSchema = z.strictObject({
  opensBefore: z.number().int(),
  gateBefore: z.number().int(),
  feederBefore: z.number().int(),
  districtBefore: z.number().int(),
  cityBefore: z.number().int(),
  readingFor: z.number().int(),
  disputeFor: z.number().int(),
  decisionFor: z.number().int(),
  finalFor: z.number().int(),
});

const electionSchema = z.strictObject({
  epochBlocks: z.number().int(),
  seats: z.number().int(),
  turnoutFloorBps: z.number().int(),
  capBps: z.number().int(),
  voterBps: z.number().int(),
  unlockSeconds: z.number().int(),
  trustingSeconds: z.number().int(),
  minimumDepositMicro: bigintText,
  founderWeight: bigintText,
  timeoutSeconds: z.number().int(),
  slackSeconds: z.number().int(),
  decayBlocks: z.number().int(),
  jailSeconds: z.number().int(),
  absenceBlocks: z.number().int(),
  absenceEpochs: z.number().int(),
});

const fileSchema = z.strictObject({
  TransactionChain: z.strictObject({
    slotLengthSeconds: z.number().int(),
    rules: rulesSchema,
    windows: windowsSchema,
    disputeBondMicro: bigintText,
    election: electionSchema,
  }),
});

const governanceSchema = z.strictObject({
  governorTimes: z.strictObject({
    votingDelayBlocks: z.number().int(),
    votingPeriodBlocks: z.number().int(),
    timelockSeconds: z.number().int(),
    queueBlocks: z.number().int(),
    executionSeconds: z.number().int(),
  }),
  emergencySeconds: z.number().int(),
  emergencyWaitSeconds: z.number().int(),
});

/** How the members decide (IFederationGovernor.GovernorTimes), and how long an emergency suspension lasts. */
export type GovernanceParameters = z.infer<typeof governanceSchema>;

/** The regulator's rules at deployment (IMarketRules.RuleSet). */
export type RuleParameters = z.infer<typeof rulesSchema>;
/** The windows at deployment (IMarketRules.Windows). */
export type WindowParameters = z.infer<typeof windowsSchema>;

/** How accountants are elected and judged (contracts/types/ElectionTypes.sol); `voterBps` of a fee are voters'. */
export type ElectionParameters = z.infer<typeof electionSchema>;

/** An accountant that a chain starts with; a type alias, as Ignition's parameters need an index signature. */
export type FounderParameters = { member: string; node: string };

/** What the Ignition module of the transaction chain takes. */
export interface MarketParameters {
  readonly slotLengthSeconds: number;
  readonly rules: RuleParameters;
  readonly windows: WindowParameters;
  readonly disputeBondMicro: bigint;
  readonly election: ElectionParameters;
}

/**
 * The default parameters for a slot length. From 900 s up the windows are those of a real market; below, they are the
 * compressed ones of 30 s slots, scaled. `changes` replaces single rules, e.g. a higher retail cap for dear tariffs.
 */
export async function marketParameters(
  slotLengthSeconds: number,
  changes: Partial<RuleParameters> = {},
): Promise<MarketParameters> {
  const known = [900, FULL_SECONDS, COMPRESSED_SECONDS].includes(slotLengthSeconds);
  const nearest = slotLengthSeconds >= 900 ? FULL_SECONDS : COMPRESSED_SECONDS;
  const base = await readParameters(known ? slotLengthSeconds : nearest);
  const rules = { ...base.rules, ...changes };
  const floor = Math.max(rules.retailCap, 4 * rules.edgeFeeCap) + rules.escalationRate;
  return {
    ...base,
    slotLengthSeconds,
    rules: { ...rules, bondRate: Math.max(rules.bondRate, floor) },
    windows: slotLengthSeconds >= 900 ? base.windows : scaled(base.windows, slotLengthSeconds / COMPRESSED_SECONDS),
  };
}

/** How long decisions take: those of a real network from 900 s slots up, compressed ones below. */
export async function governanceParameters(slotLengthSeconds: number): Promise<GovernanceParameters> {
  const file = new URL("./parameters/governance.json", import.meta.url);
  const sets = z.record(z.string(), governanceSchema).parse(JSON.parse(await readFile(file, "utf8")));
  const name = slotLengthSeconds >= 900 ? "real" : "compressed";
  const parameters = sets[name];
  if (parameters === undefined) throw new Error(`governance.json has no set "${name}"`);
  return parameters;
}

async function readParameters(slotLengthSeconds: number): Promise<MarketParameters> {
  const file = new URL(`./parameters/${slotLengthSeconds}.json`, import.meta.url);
  return fileSchema.parse(JSON.parse(await readFile(file, "utf8"))).TransactionChain;
}

function scaled(windows: WindowParameters, factor: number): WindowParameters {
  const entries = Object.entries(windows).map(([name, seconds]) => [name, Math.round(seconds * factor)]);
  return Object.fromEntries(entries) as WindowParameters;
}
