/** The alert hook: a URL that is posted to when a peer lies, a fork is seen, or the node can't go on. */
import { readFile } from "node:fs/promises";

import { InputError } from "../inputs/error.js";
import type { Print } from "../run.js";

export interface Alert {
  readonly kind: "lie" | "fork" | "trouble" | "end";
  /** In words. */
  readonly text: string;
  readonly peer?: string;
  readonly block?: number;
}

/** Whoever waits for the hook waits no longer. */
const MOST_MILLISECONDS = 5_000;
/** Alerts on their way at once; a flood of them is one alert. */
const MOST_AT_ONCE = 8;

/**
 * Posts alerts as JSON. The URL stands in a file, for hooks' URLs are secrets. InputError for a file without one. That an
 * alert could not be posted is told, and stops nothing; the promise never fails.
 */
export async function alertsTo(file: string, complain: Print): Promise<(alert: Alert) => Promise<void>> {
  const url = await urlIn(file);
  let onTheirWay = 0;
  return async (alert) => {
    if (onTheirWay >= MOST_AT_ONCE) return complain("an alert was left out: too many are on their way");
    onTheirWay += 1;
    try {
      const body = JSON.stringify({ from: "commonwatt light node", ...alert });
      const signal = AbortSignal.timeout(MOST_MILLISECONDS);
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
      await response.body?.cancel();
      if (!response.ok) complain(`the alert hook of ${file} answers ${response.status}`);
    } catch (error) {
      // without the cause: it may name the URL
      complain(`the alert hook of ${file} can't be reached (${(error as Error).name})`);
    } finally {
      onTheirWay -= 1;
    }
  };
}

async function urlIn(file: string): Promise<URL> {
  const problem = "it holds no URL of an alert hook";
  const advice = "Give a file with one line, an https URL that takes JSON by POST";
  try {
    const url = new URL((await readFile(file, "utf8")).trim());
    if (url.protocol === "https:" || url.protocol === "http:") return url;
  } catch {
    // as below: what the file holds is not to be shown
  }
  throw new InputError({ file }, problem, advice);
}
