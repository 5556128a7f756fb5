/** Evidence that does not prove what it says: which part, and what is wrong with it. Commands end with exit code 1. */
export class EvidenceRefused extends Error {
  override readonly name = "EvidenceRefused";
  readonly part: string;

  constructor(part: string, problem: string, options: ErrorOptions = {}) {
    super(`Refused: ${part}: ${problem}.`, options);
    this.part = part;
  }
}
