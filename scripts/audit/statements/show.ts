/** A statement as a table for people, CSV, JSON, or a page to print. */
import Table from "cli-table3";
import { stringify } from "csv-stringify/sync";

import { escapeHtml, rowHtml } from "../../html.js";
import { showCredits, showKwh } from "../../simulate/format.js";
import type { Column, Row, Statement, StatementTable } from "./statement.js";

const UNIT_LABELS = { text: "", count: "", wh: "kWh", micro: "credits", seconds: "s" } as const;

/** Tables and notes, for a terminal. */
export function statementText(statement: Statement): string {
  const facts = statement.facts.map(([name, value]) => `${name}: ${value}`);
  const tables = statement.tables.map((table) => `${table.title}\n${tableText(table)}`);
  return [statement.title, ...facts, ...tables, ...statement.notes, ...statement.differences].join("\n");
}

function tableText({ columns, rows, total }: StatementTable): string {
  const shown = columns.filter(({ isDetail }) => isDetail !== true);
  const table = new Table({
    head: shown.map(headOf),
    colAligns: shown.map(({ unit }) => (unit === "text" ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  for (const row of total === undefined ? rows : [...rows, total]) table.push(cellsOf(shown, row));
  return table.toString();
}

/** The last table, in whole Wh and micro-credits, a column for each key. */
export function statementCsv({ tables }: Statement): string {
  const { columns, rows } = tables.at(-1) ?? { columns: [], rows: [] };
  const records = rows.map((row) => columns.map(({ key }) => String(row[key] ?? "")));
  return stringify([columns.map(({ key }) => key), ...records]);
}

/** One JSON object on one line; whole numbers as decimal strings. */
export function statementJson({ kind, title, facts, tables, notes, differences }: Statement): string {
  const shown = tables.map(({ title, columns, rows, total }) => ({ title, columns, rows, ...(total && { total }) }));
  const object = { kind, title, facts: Object.fromEntries(facts), tables: shown, notes, differences };
  return JSON.stringify(object, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}

/** One page to print: no script, no fonts, nothing of the network. */
export function statementPage(statement: Statement): string {
  const { title, facts, tables, notes, differences } = statement;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<dl>${facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join("")}</dl>
${differences.map((text) => `<p class="wrong">${escapeHtml(text)}</p>`).join("")}
${tables.map(tableHtml).join("\n")}
<section class="notes">${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join("")}</section>
</body>
</html>
`;
}

function tableHtml({ title, columns, rows, total }: StatementTable): string {
  const shown = columns.filter(({ isDetail }) => isDetail !== true);
  const body = rows.map((row) => rowHtml("td", cellsOf(shown, row))).join("");
  const foot = total === undefined ? "" : `<tfoot>${rowHtml("td", cellsOf(shown, total))}</tfoot>`;
  const texts = shown.flatMap(({ unit }, index) => (unit === "text" ? [`t${index + 1}`] : []));
  const head = rowHtml("th", shown.map(headOf));
  return `<section><h2>${escapeHtml(title)}</h2><div class="scroll"><table class="${texts.join(" ")}"><thead>${head}</thead><tbody>${body}</tbody>${foot}</table></div></section>`;
}

/** Columns of text are aligned left: the table's classes name their places. */
const TEXT_COLUMNS = Array.from({ length: 16 }, (_, index) => {
  const place = `nth-child(${index + 1})`;
  return `.t${index + 1} th:${place},.t${index + 1} td:${place}{text-align:left}.t${index + 1} td:${place}:last-child{white-space:normal}`;
}).join("");

const STYLE = `
@page{size:A4;margin:12mm}
body{font:13px/1.4 system-ui,sans-serif;color:#222;max-width:186mm;margin:6mm auto;padding:0 4mm}
h1{font-size:20px;margin:0 0 .4rem}h2{font-size:15px;margin:1.2rem 0 .3rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.6rem 0}dl div{display:contents}
dt{color:#555}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:10px}
thead{display:table-header-group}tr{break-inside:avoid}
th,td{padding:2px 3px;text-align:right;vertical-align:top;border-bottom:1px solid #ddd;white-space:nowrap}
th{white-space:normal;border-bottom:1px solid #555}tfoot td{font-weight:600;border-top:1px solid #555;border-bottom:0}
${TEXT_COLUMNS}
.notes{color:#555;font-size:11px}.notes p{margin:.3rem 0}.wrong{color:#a00;font-weight:600}
@media print{body{max-width:none;margin:0;padding:0}tfoot{display:table-row-group}.scroll{overflow:visible}}
`;

function headOf({ label, unit }: Column): string {
  const shown = UNIT_LABELS[unit];
  return shown === "" ? label : `${label}, ${shown}`;
}

function cellsOf(columns: readonly Column[], row: Row): string[] {
  return columns.map(({ key, unit }) => {
    const value = row[key] ?? "";
    if (typeof value === "string") return value;
    if (unit === "micro") return showCredits(value, 6);
    return unit === "wh" ? showKwh(value, 3) : value.toString();
  });
}
