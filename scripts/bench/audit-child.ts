/** The audit's benchmark in a process of its own, so that its memory is its own: `audit-child.ts index|stages RECORDING DB`. */
import { AuditDatabase } from "../audit/indexer/database.js";
import { Endpoint } from "../audit/indexer/endpoint.js";
import { indexChain } from "../audit/indexer/index-chain.js";
import { ReaderPool } from "../audit/indexer/reader-pool.js";
import "../fast-keccak.js";
import { openAsk, readRecording } from "./audit-recording.js";

const [mode, recording = "", path = ""] = process.argv.slice(2);
const { deployment } = await readRecording(recording);
const threads = Number(mode);
const name = "recorded answers";
const database = AuditDatabase.open(path);
database.claim(deployment);
const chain = deployment.chains.transaction;
const source = { module: new URL("./audit-recording.ts", import.meta.url).href, argument: recording };
const start = performance.now();
const before = process.cpuUsage();
const cursor = await indexChain(database, new Endpoint(name, await openAsk(recording)), {
  ...{ chain: "transaction", deployment: chain },
  ...(threads === 0 ? {} : { openPool: () => new ReaderPool({ name, source, deployment: chain }, threads) }),
});
const seconds = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage(before);
const { bytes } = database.one<{ bytes: number }>(
  "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
) ?? { bytes: 0 };
database.close();
console.log(
  JSON.stringify({
    ...{ events: cursor.events, seconds, cpuSeconds: (user + system) / 1e6 },
    peakMebibytes: process.resourceUsage().maxRSS / 1_024,
    fileMebibytes: bytes / 2 ** 20,
  }),
);
