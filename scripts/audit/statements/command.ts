/** `npm run audit -- bill, feeder, revenue, quality`: statements out of events alone. */
import { InvalidArgumentError, Option, type Command } from "commander";

import { writeFileAtOnce } from "../../../sdk/node/deployments.js";
import { address, subcommand, time, whole } from "../../inputs/arguments.js";
import { parseOffsetHours, utcOffsetSeconds } from "../../inputs/local-time.js";
import type { Print } from "../../run.js";
import { billStatement, PostingNotes } from "./bill.js";
import { readBooks, type Books, type BooksSource, type Notes } from "./books.js";
import { feederStatement } from "./feeder.js";
import { monthPeriod, periodBetween, type Grouping } from "./period.js";
import { QualityNotes, qualityStatement } from "./quality.js";
import { RevenueNotes, revenueStatement } from "./revenue.js";
import { statementCsv, statementJson, statementPage, statementText } from "./show.js";
import type { Statement } from "./statement.js";

interface StatementOptions extends BooksSource {
  readonly utcOffset: number;
  readonly csv: boolean;
  readonly json: boolean;
  readonly html: boolean;
  readonly out?: string;
}

/** Where a statement goes, and who hears what does not add up. */
export interface StatementOutput {
  readonly print: Print;
  /** Told once, at the end; the command's exit code is 1 then. */
  readonly fail: (problem: string) => void;
}

/** Adds the four; a failure is thrown, and is InputError or CommonwattError where it is expected. */
export function addStatementCommands(program: Command, output: StatementOutput): void {
  const statement = (name: string, description: string): Command =>
    subcommand(program, name, description)
      .option("--network <name>", "local, besu, or a deployment file", "local")
      .option("--rpc <url>", "endpoint of the transaction chain (default: the deployment file's)")
      .option("--db <file>", "a database that `index` wrote, brought up to date (default: one in memory)")
      .option("--utc-offset <hours>", "hours east of UTC of the clock that days and months are of", parseOffsetHours, 0)
      .addOption(new Option("--csv", "its rows, in Wh and micro-credits").default(false).conflicts(["json", "html"]))
      .addOption(new Option("--json", "one JSON object").default(false).conflicts("html"))
      .option("--html", "one page to print", false)
      .option("--out <file>", "where it goes (default: it is printed)");
  statement("bill", "a home's bill for a period")
    .argument("<home>", "its account, or the number of its meter")
    .requiredOption("--from <time>", "start of the period, e.g. 2016-07-01T00:00:00Z", time)
    .requiredOption("--to <time>", "its end, which is not part of it", time)
    .addOption(new Option("--by <unit>", "what rows are made by").choices(["slot", "day", "month"]).default("day"))
    .action((home: string, options: StatementOptions & BillOptions) => {
      const period = periodBetween(options.from, options.to, offsetOf(options));
      return make(options, output, new PostingNotes(), (books) =>
        billStatement(books, { home, period, by: options.by }),
      );
    });
  statement("feeder", "a feeder's month")
    .argument("<area>", "number of the feeder", whole)
    .requiredOption("--month <month>", "e.g. 2016-07")
    .action((area: bigint, options: StatementOptions & { readonly month: string }) => {
      const period = monthPeriod(options.month, offsetOf(options));
      return make(options, output, { note: () => undefined }, (books) => feederStatement(books, { area, period }));
    });
  statement("revenue", "what an accountant earned")
    .argument("<accountant>", "its member's account", address)
    .action((accountant: string, options: StatementOptions) => {
      const offsetSeconds = offsetOf(options);
      return make(options, output, new RevenueNotes(), (books) =>
        revenueStatement(books, { accountant, offsetSeconds }),
      );
    });
  statement("quality", "a meter's data quality")
    .argument("<meter>", "number of the meter", meterNumber)
    .action((meter: bigint, options: StatementOptions) => {
      const offsetSeconds = offsetOf(options);
      return make(options, output, new QualityNotes(meter), (books) =>
        qualityStatement(books, { meter, offsetSeconds }),
      );
    });
}

interface BillOptions {
  readonly from: bigint;
  readonly to: bigint;
  readonly by: Grouping;
}

async function make<Noted extends Notes>(
  options: StatementOptions,
  { print, fail }: StatementOutput,
  notes: Noted,
  state: (books: Books<Noted>) => Statement,
): Promise<void> {
  const statement = state(await readBooks(options, notes));
  const text = formOf(options)(statement);
  if (options.out === undefined) print(text.trimEnd());
  else {
    await writeFileAtOnce(options.out, text.endsWith("\n") ? text : `${text}\n`, 0o644);
    print(`Written: ${options.out}`);
  }
  const [difference] = statement.differences;
  if (difference !== undefined) fail(difference);
}

function offsetOf({ utcOffset }: StatementOptions): bigint {
  return BigInt(utcOffsetSeconds(utcOffset));
}

function formOf({ csv, json, html }: StatementOptions): (statement: Statement) => string {
  if (csv) return statementCsv;
  if (json) return statementJson;
  return html ? statementPage : statementText;
}

const UINT32_END = 1n << 32n;

function meterNumber(text: string): bigint {
  const number = whole(text);
  if (number < UINT32_END) return number;
  throw new InvalidArgumentError("Give the number of a meter.");
}
