/** What keeps the oracle from starting. The command ends with exit code 2 on it. */
export class OracleSetupError extends Error {
  override readonly name = "OracleSetupError";
  readonly exitCode = 2;

  /** @param endpoint broker, file or option at fault */
  constructor(endpoint: string, problem: string, advice: string, options: ErrorOptions = {}) {
    super(`${endpoint}: ${problem}. ${advice}`, options);
  }
}

/** The disk, or the outbox's own limit, is full. Nothing of what was acknowledged is lost; the message comes again. */
export class OutboxFullError extends Error {
  override readonly name = "OutboxFullError";

  constructor(path: string, options: ErrorOptions = {}) {
    super(
      `${path}: there is no room for more readings. They stay with their source and come again: free the disk, or raise the outbox's limit.`,
      options,
    );
  }
}
