/** A gateway of one meter, a Shelly, in memory. */
import { LedgerWriter, type SubmitBatch } from "../../scripts/oracle/ledger-writer.js";
import { MeteringDesk } from "../../scripts/oracle/metering/desk.js";
import type { DeviceKeys } from "../../scripts/oracle/metering/keys.js";
import { MeteringPoints } from "../../scripts/oracle/metering/points.js";
import { Oracle } from "../../scripts/oracle/oracle.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { standardRules } from "../../scripts/oracle/rules.js";
import type { Accept, MeterDirectory } from "../../scripts/oracle/types.js";
import { directoryOf, LEDGER, OPERATOR, SILENT_LOG, SLOT_SECONDS, TIMES, walletOf, type HandClock } from "./oracle.js";

const PREFIX = "shellyproem50-08f9e0e67204";
const PLACE = { file: "oracle.json" };

export interface Station {
  readonly oracle: Oracle;
  readonly outbox: SqliteOutbox;
  /** The meter, which has no clock, shows so much at that time. */
  readonly say: (time: number, importWh: number) => Promise<void>;
  /** Makes values of it and brings them to the ledger. */
  readonly work: () => Promise<void>;
}

export interface StationParts {
  readonly clock: HandClock;
  readonly submit: SubmitBatch;
  readonly directory?: MeterDirectory;
}

export async function openStation({ clock, submit, directory = directoryOf(1) }: StationParts): Promise<Station> {
  const outbox = new SqliteOutbox(":memory:");
  const source = { source: "shelly" as const, meter: "home", prefix: PREFIX, component: "em1data:0" };
  const points = new MeteringPoints([{ name: "home", number: 1 }], PLACE, [{ source, place: PLACE }], []);
  const parts = { outbox, clock, directory, times: TIMES, ledger: LEDGER, log: SILENT_LOG };
  const keys = { keyOf: () => walletOf("meter 1") } as unknown as DeviceKeys;
  const slotClock = { slotSeconds: Number(SLOT_SECONDS), offsetSeconds: 0 };
  const desk = { ...parts, points, keys, slotClock, store: outbox.metering, operator: () => OPERATOR };
  let accept: Accept | undefined;
  const oracle = new Oracle({
    ...parts,
    source: { start: (given) => Promise.resolve(void (accept = given)), stop: () => Promise.resolve() },
    rules: standardRules(LEDGER),
    writer: new LedgerWriter(submit),
    gateway: new MeteringDesk(desk),
    sender: { lingerMilliseconds: 1 },
  });
  await oracle.start();
  return {
    oracle,
    outbox,
    say: async (time, importWh) => {
      clock.time = time;
      const status = { total_act_energy: importWh, total_act_ret_energy: 5 };
      await accept?.({ origin: `${PREFIX}/status/em1data:0`, payload: Buffer.from(JSON.stringify(status)) });
    },
    work: async () => {
      await oracle.meter();
      await oracle.drain();
    },
  };
}
