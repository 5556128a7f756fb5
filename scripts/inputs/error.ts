/** Input that can't be used: a file, an option, or both against each other. Commands end with exit code 2 on it. */

/** Where a fault lies. */
export interface InputPlace {
  /** The file as the user named it, or the option. */
  readonly file: string;
  readonly line?: number;
}

/** A fault of the input: where it is, what is wrong and what to do. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly exitCode = 2;
  readonly file: string;
  readonly line: number | undefined;
  readonly problem: string;
  readonly advice: string;

  constructor(place: InputPlace, problem: string, advice: string, options: ErrorOptions = {}) {
    const where = place.line === undefined ? place.file : `${place.file}:${place.line}`;
    super(`${where}: ${problem}. ${advice}`, options);
    this.file = place.file;
    this.line = place.line;
    this.problem = problem;
    this.advice = advice;
  }
}
