/** Evidence files, changed and refused. No side effects. */
import { checkEvidence, type Trust } from "../../scripts/audit/evidence/check.js";
import {
  formatEvidence,
  type AnyEvidence,
  type AnyEvidenceBody,
  type Evidence,
} from "../../scripts/audit/evidence/file.js";
import { EvidenceRefused } from "../../scripts/audit/evidence/refused.js";

export const NO_TRUST: Trust = { headers: [] };

export function refusalOf(text: string, trust: Trust = NO_TRUST): EvidenceRefused {
  try {
    checkEvidence(text, "file.json", trust);
  } catch (error) {
    if (error instanceof EvidenceRefused) return error;
    throw error;
  }
  throw new Error("it was taken for evidence");
}

/** The file with something in its body changed; its checksum is right again. */
export function forged<File extends AnyEvidence = Evidence>(text: string, change: (evidence: File) => void): string {
  const evidence = JSON.parse(text) as File;
  change(evidence);
  const { digest: _, ...body } = evidence;
  return formatEvidence(body as AnyEvidenceBody);
}

export function flippedHex(text: string, at: number): string {
  const digit = Number.parseInt(text[at] ?? "0", 16) ^ 1;
  return `${text.slice(0, at)}${digit.toString(16)}${text.slice(at + 1)}`;
}

export function set<Target extends object, Key extends keyof Target>(
  target: Target | undefined,
  key: Key,
  change: (value: Target[Key]) => NoInfer<Target[Key]>,
): void {
  if (target === undefined) throw new Error("the file has no such part");
  target[key] = change(target[key]);
}
