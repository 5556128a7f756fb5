/** `accountants watch`: a watcher as a process of its own, until SIGINT or SIGTERM. */
import { stopSignal, type Print } from "../run.js";
import { CertificateStore } from "./certificates.js";
import { openSession, openSigningSession, type Environment, type SessionOptions } from "../networks/session.js";
import { statusJson } from "./status.js";
import { Watcher, type WatcherEvent } from "./watcher.js";

export interface WatchOptions {
  readonly certificates: string;
  readonly readOnly: boolean;
  readonly json: boolean;
}

export async function watch(
  options: SessionOptions & WatchOptions,
  environment: Environment,
  print: Print,
): Promise<void> {
  const stopped = stopSignal(); // from the start, so that a signal during the set-up is not lost
  const session = options.readOnly ? await openSession(options) : await openSigningSession(options, environment);
  try {
    const { chain } = session;
    const store = new CertificateStore(options.certificates, chain.deployment.chainId);
    const tell = (event: WatcherEvent): void => print(options.json ? statusJson(event) : sentenceOf(event));
    print(
      options.json
        ? statusJson({ kind: "watching", chainId: chain.deployment.chainId })
        : `Watching the ${chain.kind} chain of ${chain.network}; certificates in ${options.certificates}. Stop with Ctrl-C.`,
    );
    await new Watcher({ chain, store, onEvent: tell, readOnly: options.readOnly }).run(stopped);
  } finally {
    session.close();
  }
}

/** An event for people. */
export function sentenceOf(event: WatcherEvent): string {
  switch (event.kind) {
    case "elected":
      return event.byOther
        ? `Epoch ${event.epoch}: another one held the election.`
        : `Epoch ${event.epoch}: held the election.`;
    case "missed":
      return event.byOther
        ? `Block ${event.block}: another one reported the turns of candidates ${event.candidates.join(", ")}.`
        : `Block ${event.block}: reported the turns of candidates ${event.candidates.join(", ")}.`;
    case "certified":
      return event.proofMissing === undefined
        ? `Set ${event.setVersion} of block ${event.block}: certificate kept.`
        : `Set ${event.setVersion} of block ${event.block}: certificate kept without a proof. ${event.proofMissing}`;
    case "out of reach":
      return `Blocks ${event.fromBlock} to ${event.toBlock} are older than 256 blocks: their missed turns can't be reported.`;
    case "no turns":
      return `No missed turns are reported here: ${event.reason}`;
    case "refused":
      return `Block ${event.block} can't be reported. ${event.reason}`;
    case "failed":
      return `Failed, to be tried again: ${event.task}. ${event.reason}`;
  }
}
