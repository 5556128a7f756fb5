/** A feeder's month: what its meters drew, fed in, traded and paid, by day and by meter. */
import { AreaLevel } from "../../../sdk/enums.js";
import { InputError } from "../../inputs/error.js";
import { nothingSettled } from "./bill.js";
import { findingsOf, type Books } from "./books.js";
import { labelOf, periodText, type Period } from "./period.js";
import { FIGURE_COLUMNS, groupedRows, qualityText, QUALITY_COLUMN, settledIn } from "./settled-rows.js";
import { totalRow, type Column, type Statement, type StatementTable } from "./statement.js";

/** InputError for an area that is no feeder, and for a month without anything settled. */
export function feederStatement(
  books: Books<unknown>,
  { area, period }: { readonly area: bigint; readonly period: Period },
): Statement {
  const { state, slotSeconds } = books;
  const { areas } = state.terms;
  const found = areas.get(area);
  if (found?.level !== AreaLevel.Feeder) {
    const feeders = [...areas].filter(([, { level }]) => level === AreaLevel.Feeder).map(([number]) => number);
    const problem = found === undefined ? "no event tells of it" : "it is no feeder";
    throw new InputError({ file: `area ${area}` }, problem, `Feeders are ${feeders.slice(0, 20).join(", ")}`);
  }
  const rows = settledIn(state, { period, slotSeconds }, (outcome) => outcome.feeder === area);
  if (rows.length === 0) throw nothingSettled(`area ${area}`, period);
  const table = (title: string, key: string, groups: ReturnType<typeof groupedRows>): StatementTable => {
    const column: Column = { key, label: key, unit: "text" };
    const columns = [column, ...FIGURE_COLUMNS, QUALITY_COLUMN];
    return { title, columns, rows: groups, total: totalRow(columns, groups) };
  };
  const meters = new Set(rows.map(({ outcome }) => outcome.meter));
  const byMeter = rows.toSorted((a, b) => Number(a.outcome.meter - b.outcome.meter));
  return {
    kind: "feeder",
    title: `Feeder ${area}`,
    facts: [
      ["Period", periodText(period)],
      ["District", String(found.parent)],
      ["Meters", String(meters.size)],
      ["Slots", String(new Set(rows.map(({ slot }) => slot)).size)],
      ["Readings", qualityText(rows)],
    ],
    tables: [
      table(
        "By meter",
        "meter",
        groupedRows(byMeter, "meter", ({ outcome }) => String(outcome.meter)),
      ),
      table(
        "By day",
        "day",
        groupedRows(rows, "day", ({ slot }) => labelOf(slot, slotSeconds, period, "day")),
      ),
    ],
    notes: [
      "Bought and sold: energy traded with neighbours of any feeder; the two need not be equal on one.",
      "* A reading of that time was substituted, estimated or missing.",
    ],
    differences: findingsOf(state),
  };
}
