/** What `npm run vault` touches of the process: its words, its content, its secrets. Tests put others in its place. */
import type { Environment } from "../networks/session.js";
import type { Print } from "../run.js";

export interface Shell {
  readonly environment: Environment;
  /** A line for people or machines. */
  readonly print: Print;
  /** A line beside the output: how far it is, what to mind. */
  readonly note: Print;
  /** Content in clear, to standard output. */
  readonly write: (content: Uint8Array) => void;
  /** All of standard input. */
  readonly input: () => Promise<Uint8Array>;
  /** Asks on the terminal without showing what is typed; undefined where there is no terminal. */
  readonly askHidden: (question: string) => Promise<string | undefined>;
}
