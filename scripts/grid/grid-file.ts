/** Reading, checking and writing grid files (`--grid FILE`). */
import { readFile } from "node:fs/promises";

import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/error.js";

import { feedersOf, gridSchema, type Grid } from "./schema.js";
import type { HomeSize } from "./default-grid.js";

/** Reads a grid file; a fault names the file, and the field by its path. */
export async function readGrid(file: string): Promise<Grid> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new InputError({ file }, `the grid file can't be read (${(cause as Error).message})`, "Check the path.", {
      cause,
    });
  }
  return parseGrid(text, file);
}

/** The text of a grid file to a grid. */
export function parseGrid(text: string, file: string): Grid {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InputError(
      { file },
      `this is no JSON (${(cause as Error).message})`,
      "Mend it, or start from the grid.json that a run writes.",
      { cause },
    );
  }
  const result = gridSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue === undefined || issue.path.length === 0 ? "the top level" : `'${issue.path.join(".")}'`;
  throw new InputError(
    { file },
    `${path}: ${issue?.message ?? "not valid"}`,
    "Correct the field; the grid.json that a run writes is an example.",
  );
}

/** Writes a grid file in one step. */
export async function writeGrid(file: string, grid: Grid): Promise<void> {
  await writeFileAtOnce(file, `${JSON.stringify(grid, null, 2)}\n`, 0o644);
}

/** Refuses a grid that doesn't fit the homes of a run: each of them stands in it once, and no other, large enough. */
export function checkHomes(grid: Grid, homes: readonly HomeSize[], file: string): void {
  const peaks = new Map(homes.map((home) => [home.id, home.peakWh]));
  for (const { feeder, path } of feedersOf(grid)) {
    feeder.homes.forEach(({ home, connectionWh }, index) => {
      const field = [...path, "homes", index].join(".");
      const peakWh = peaks.get(home);
      if (peakWh === undefined) {
        throw new InputError(
          { file },
          `'${field}.home': home '${home}' is not among the homes of the run`,
          "Remove it, or take more homes with --homes.",
        );
      }
      if (peakWh > connectionWh) {
        throw new InputError(
          { file },
          `'${field}.connectionWh': home '${home}' moves up to ${peakWh} Wh in a slot, its connection ${connectionWh}`,
          "Enlarge the connection, or correct the readings.",
        );
      }
      peaks.delete(home);
    });
  }
  const [homeless] = peaks.keys();
  if (homeless === undefined) return;
  throw new InputError(
    { file },
    `home '${homeless}' of the run stands at no feeder`,
    "Add it to one, or take fewer homes with --homes.",
  );
}
