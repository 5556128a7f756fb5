/**
 * Every failure of the SDK is one typed error: a stable code, the values at fault, and a text that says why it
 * happened and what to do. Custom errors of the contracts decode to the same type by the contracts' ABIs.
 */
import { decodeBytes32String, Interface, isError, type ErrorDescription } from "ethers";

import { ERROR_ADVICE, type Advice } from "./error-advice.js";

/** Values of an error by name; those of a contract's error as its ABI names them. */
export type ErrorArgs = Readonly<Record<string, unknown>>;

/** What every function of the SDK throws. */
export class CommonwattError extends Error {
  override readonly name = "CommonwattError";
  /** Name of the contract's custom error or of the SDK's own; stable, to be compared with. */
  readonly code: string;
  /** The values at fault. */
  readonly args: ErrorArgs;
  /** What to do about it. */
  readonly advice: string;

  constructor(code: string, args: ErrorArgs = {}, options: ErrorOptions = {}) {
    const { why, todo } = adviceFor(code);
    super(`${fill(why, args)} ${fill(todo, args)} [${code}${formatArgs(args)}]`, options);
    this.code = code;
    this.args = args;
    this.advice = fill(todo, args);
  }
}

/** Whether the error is ours, and has that code when one is given. */
export function isCommonwattError(error: unknown, code?: string): error is CommonwattError {
  return error instanceof CommonwattError && (code === undefined || error.code === code);
}

/** Decodes custom errors of a set of contracts. */
export class ErrorDecoder {
  readonly #interfaces: readonly Interface[];

  constructor(interfaces: readonly Interface[]) {
    this.#interfaces = [...interfaces, BUILT_IN];
  }

  /** What a provider or a contract call threw, as a typed error; anything unknown stays the cause of a general one. */
  decode(thrown: unknown): CommonwattError {
    if (thrown instanceof CommonwattError) return thrown;
    const data = revertDataOf(thrown);
    if (data === undefined)
      return new CommonwattError(codeOfTransport(thrown), { reason: textOf(thrown) }, asCause(thrown));
    return this.decodeData(data, thrown);
  }

  /** Revert data as a typed error. */
  decodeData(data: string, thrown?: unknown): CommonwattError {
    const description = this.#parse(data);
    if (description === null) return new CommonwattError("RevertUnknown", { data }, asCause(thrown));
    // the provider's error is left out: it says no more, and simulated chains put whole sources into it
    return new CommonwattError(description.name, argsOf(description));
  }

  #parse(data: string): ErrorDescription | null {
    for (const abi of this.#interfaces) {
      const description = abi.parseError(data);
      if (description !== null) return description;
    }
    return null;
  }
}

/** The revert data inside whatever a provider threw; providers nest it differently. */
export function revertDataOf(thrown: unknown): string | undefined {
  const seen = new Set<unknown>();
  const queue: unknown[] = [thrown];
  while (queue.length > 0) {
    const current = queue.shift();
    if (typeof current !== "object" || current === null || seen.has(current)) continue;
    seen.add(current);
    const { data } = current as { data?: unknown };
    if (isRevertData(data)) return data;
    queue.push(data, ...["error", "info", "cause"].map((key) => (current as Record<string, unknown>)[key]));
  }
  return undefined;
}

/** Knows the errors that the compiler raises itself, Error(string) and Panic(uint256). */
const BUILT_IN = new Interface([]);

const UNKNOWN_ADVICE: Advice = {
  why: "The contract refused the call.",
  todo: "Look the error up in docs/errors.md of the version that is deployed.",
};

/** Codes under which ethers and Node report that nobody answered. */
const UNREACHABLE = new Set(["NETWORK_ERROR", "TIMEOUT", "SERVER_ERROR", "ECONNREFUSED", "ECONNRESET", "ENOTFOUND"]);

function adviceFor(code: string): Advice {
  return (Object.hasOwn(ERROR_ADVICE, code) ? ERROR_ADVICE[code] : undefined) ?? UNKNOWN_ADVICE;
}

function fill(template: string, args: ErrorArgs): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in args ? formatValue(args[name]) : whole));
}

function formatArgs(args: ErrorArgs): string {
  const entries = Object.entries(args);
  if (entries.length === 0) return "";
  return `: ${entries.map(([name, value]) => `${name}=${formatValue(value)}`).join(", ")}`;
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return `(${value.map(formatValue).join(",")})`;
  return String(value);
}

function argsOf(description: ErrorDescription): ErrorArgs {
  return Object.fromEntries(
    description.fragment.inputs.map((input, index) => [
      input.name || `arg${index}`,
      NAMES.has(input.name) ? textOfWord(description.args[index]) : (description.args[index] as unknown),
    ]),
  );
}

/** Arguments by which contracts name one of their own settings, as text in bytes32. */
const NAMES = new Set(["setting", "parameter"]);

/** The text in a word; the word itself where it is none. */
function textOfWord(word: unknown): unknown {
  try {
    return decodeBytes32String(String(word));
  } catch {
    return word;
  }
}

function isRevertData(data: unknown): data is string {
  // a selector and whole words; a transaction's own calldata is never reached, for `transaction` is not walked
  return typeof data === "string" && /^0x[0-9a-fA-F]{8}([0-9a-fA-F]{64})*$/.test(data);
}

/** Whether a node refused a transaction because its sender is not on the node's list, in Besu's words. */
export function isSenderUnlisted(thrown: unknown): boolean {
  const { error, info, message } = (thrown ?? {}) as Record<string, unknown>;
  if (typeof message === "string" && /sender account not authorized/i.test(message)) return true;
  const inner = error ?? (info as { readonly error?: unknown } | undefined)?.error;
  return typeof inner === "object" && inner !== null && inner !== thrown && isSenderUnlisted(inner);
}

function codeOfTransport(thrown: unknown): string {
  if (isSenderUnlisted(thrown)) return "SenderUnlisted";
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === "string" && UNREACHABLE.has(code) ? "RpcUnreachable" : "CallFailed";
}

function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { shortMessage, error } = thrown as { shortMessage?: unknown; error?: { message?: unknown } };
  // what a node refuses in words that ethers does not know is "could not coalesce error" there; the words are inside
  if (isError(thrown, "UNKNOWN_ERROR") && typeof error?.message === "string") return error.message.replace(/\.$/, "");
  return typeof shortMessage === "string" ? shortMessage : thrown.message;
}

function asCause(thrown: unknown): ErrorOptions {
  return thrown === undefined ? {} : { cause: thrown };
}
