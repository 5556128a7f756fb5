/** The most memory that a process has had. */
import { existsSync, readFileSync } from "node:fs";

/**
 * MiB, of that process alone: getrusage's figure would have that of the process which started it (Linux counts on over
 * exec). Undefined for another process where there is no /proc.
 */
export function peakMebibytes(): number;
export function peakMebibytes(pid: number): number | undefined;
export function peakMebibytes(pid?: number): number | undefined {
  const path = `/proc/${pid ?? "self"}/status`;
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(existsSync(path) ? readFileSync(path, "utf8") : "")?.[1];
  if (kibibytes !== undefined) return Number(kibibytes) / 1_024;
  return pid === undefined ? process.resourceUsage().maxRSS / 1_024 : undefined;
}
