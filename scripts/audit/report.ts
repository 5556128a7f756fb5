/** How the checks are told: a line each, as a test run does, and the first findings with their transactions. */
import { AUDIT_CHECKS, type AuditState } from "../../sdk/audit/index.js";

/** Findings printed besides the count. */
const SHOWN = 20;

export interface Told {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** `unmade`: checks that could not be made, and why. */
export function report(
  state: AuditState,
  { print, complain }: Told,
  unmade: Readonly<Record<string, string>> = {},
): void {
  const failed = new Set(state.findings.map(({ check }) => check));
  for (const [check, meaning] of Object.entries(AUDIT_CHECKS)) {
    const verdict = failed.has(check) ? "FAILS" : check in unmade ? "-----" : "holds";
    const why = unmade[check];
    print(`${verdict}  ${check.padEnd(4)}${meaning}${why === undefined ? "" : ` (not made: ${why})`}`);
  }
  print(
    `${state.events} events up to block ${state.lastBlock}, ${state.checks} comparisons, ` +
      `${state.findings.length} differences`,
  );
  const [first] = state.findings;
  if (first !== undefined) complain(`First difference: ${first.check}, ${first.where}: ${first.what}`);
  for (const { check, where, what } of state.findings.slice(1, SHOWN)) complain(`  ${check}, ${where}: ${what}`);
  if (state.findings.length > SHOWN) complain(`  and ${state.findings.length - SHOWN} more`);
}

/** The same for machines. */
export function summaryOf(state: AuditState): Record<string, unknown> {
  const { events, lastBlock, checks, findings } = state;
  const failed = [...new Set(findings.map(({ check }) => check))];
  return { events, lastBlock, checks, differences: findings.length, failed, first: findings[0] ?? null };
}
