/** `accountants anchor`: an anchorer as a process of its own, until SIGINT or SIGTERM, or for one look. */
import { openSession, openSigningSession, type Environment, type SessionOptions } from "../networks/session.js";
import { stopSignal, type Print } from "../run.js";
import { Anchorer, type AnchorerEvent } from "./anchorer.js";
import { CertificateStore } from "./certificates.js";
import { statusJson } from "./status.js";

export interface AnchorOptions {
  /** Folder of the source's set certificates. */
  readonly certificates: string;
  readonly sourceRpc?: string;
  readonly once: boolean;
  readonly json: boolean;
}

export async function anchor(
  options: SessionOptions & AnchorOptions,
  environment: Environment,
  print: Print,
): Promise<void> {
  const stopped = stopSignal();
  const session = await openSigningSession(options, environment);
  try {
    const source = await openSession(sourceOptions(options));
    try {
      const store = new CertificateStore(options.certificates, source.chain.deployment.chainId);
      const onEvent = (event: AnchorerEvent): void => print(options.json ? statusJson(event) : sentenceOf(event));
      const anchorer = new Anchorer({ chain: session.chain, source: source.chain, store, onEvent });
      if (options.once) await anchorer.catchUp();
      else {
        print(
          options.json
            ? statusJson({ kind: "anchoring", chainId: source.chain.deployment.chainId })
            : `Anchoring the ${source.chain.kind} chain's headers on the ${options.chain} chain. Stop with Ctrl-C.`,
        );
        await anchorer.run(stopped);
      }
    } finally {
      source.close();
    }
  } finally {
    session.close();
  }
}

/** An event for people. */
export function sentenceOf(event: AnchorerEvent): string {
  switch (event.kind) {
    case "anchored": {
      const set = event.setVersion === undefined ? "" : `, and with it set ${event.setVersion}`;
      return event.byOther
        ? `Block ${event.block}: another one anchored it${set}.`
        : `Block ${event.block}: anchored${set}.`;
    }
    case "forked":
      return `Block ${event.block}: TWO SEALED HEADERS of one number. Nothing counts from it on; tell the members.`;
    case "unsealed":
      return `Nothing can be anchored: ${event.reason}`;
    case "refused":
      return `Block ${event.block} is not taken. ${event.reason}`;
    case "failed":
      return `Failed, to be tried again. ${event.reason}`;
  }
}

function sourceOptions({ network, chain, sourceRpc }: SessionOptions & AnchorOptions): SessionOptions {
  const other = chain === "transaction" ? "user" : "transaction";
  return { network, chain: other, ...(sourceRpc === undefined ? {} : { rpc: sourceRpc }) };
}
