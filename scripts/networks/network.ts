/** A network of two connected chains, whatever runs them. */
import type { TransactionChain, UserChain } from "../../sdk/connect.js";
import type { Deployment } from "../../sdk/deployments/index.js";
import type { Clock } from "./clock.js";
import type { Operators } from "./operators.js";

export interface OpenNetwork {
  readonly name: string;
  readonly deployment: Deployment;
  /** Connected for reading; `withSigner` makes it send. */
  readonly transaction: TransactionChain;
  readonly user: UserChain;
  /** Undefined where this machine doesn't hold the operators' keys. */
  readonly operators: Operators | undefined;
  readonly clock: Clock;
  /** Seconds that a transaction waits for its block, which accountants' nodes seal; absent: a simulated chain, at once. */
  readonly transactionSeconds?: number;
  /** Gives accounts what gas is paid with, where it costs anything. */
  fund(chain: "transaction" | "user", accounts: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
