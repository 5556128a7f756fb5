import { isCommonwattError } from "../../sdk/errors.js";

/** The code with which something is refused; undefined where it is not. */
export function refusal(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (isCommonwattError(error)) return error.code;
    throw error;
  }
}
