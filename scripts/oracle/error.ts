/** What keeps the oracle from starting. The command ends with exit code 2 on it. */
export class OracleSetupError extends Error {
  override readonly name = "OracleSetupError";
  readonly exitCode = 2;

  /** @param endpoint broker, file or option at fault */
  constructor(endpoint: string, problem: string, advice: string, options: ErrorOptions = {}) {
    super(`${endpoint}: ${problem}. ${advice}`, options);
  }
}
