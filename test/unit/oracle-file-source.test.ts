import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { FilesSource } from "../../scripts/oracle/file-source.js";
import { SILENT_LOG, until } from "../utils/oracle.js";

const HEADER = "interval_start,home,load_wh,solar_wh\n";

describe("Files as a source", () => {
  let folder: string;
  let source: FilesSource;
  let marks: Map<string, bigint>;
  let looks: number;
  let taken: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-files-"));
    marks = new Map();
    looks = taken = 0;
    source = new FilesSource({
      path: folder,
      place: "test",
      log: SILENT_LOG,
      lookEveryMilliseconds: 10,
      marks: {
        mark: (name) => {
          looks += 1;
          return marks.get(name);
        },
        setMark: (name, value) => void marks.set(name, value),
      },
    });
  });
  afterEach(async () => {
    await source.stop();
    await rm(folder, { recursive: true });
  });

  const start = (): Promise<void> => source.start(() => Promise.resolve(void (taken += 1)));

  /** A file last changed so many seconds from now. */
  async function file(name: string, seconds: number, text = HEADER): Promise<void> {
    await writeFile(join(folder, name), text);
    const time = new Date(Date.now() + 1000 * seconds);
    await utimes(join(folder, name), time, time);
  }

  it("are read once as long as nothing changes", async () => {
    await file("a.csv", -10);
    await start();
    await until(() => looks > 5);
    expect(taken).to.equal(1);
  });

  it("are read in spite of one whose time lies in the future, and so is each that comes to it", async () => {
    await file("a.csv", 1_000_000);
    await start();
    await until(() => taken === 1);
    await file("b.csv", -10);
    await until(() => taken === 2);
    await file("b.csv", -10, `${HEADER}2016-09-14T08:00,home,500,200\n`);
    await until(() => taken === 3);
  });
});
