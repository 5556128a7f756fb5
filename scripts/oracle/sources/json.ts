/** JSON with its numbers as they are written: a register in kWh never becomes a floating-point number. */
import { z } from "zod";

import { InputError } from "../../inputs/error.js";

import { textOf, type MeterMessage } from "./observation.js";

/** A number of the message, as written. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export const jsonNumber = z.instanceof(JsonNumber, { error: "is not a number" });

/** Node knows the source text of a number (ECMAScript "JSON.parse source text access"); TypeScript's library does not. */
type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown;

/** The message as JSON of that shape; names the field that is not. */
export function parseJson<Shape>(message: MeterMessage, schema: z.ZodType<Shape>): Shape {
  const text = textOf(message);
  const place = { file: message.origin };
  let json: unknown;
  try {
    json = (JSON.parse as ParseWithSource)(text, (_, value, { source }) =>
      typeof value === "number" ? new JsonNumber(source ?? "") : value,
    );
  } catch (cause) {
    throw new InputError(place, "the message is no JSON", "Look at what is sent on this topic.", { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InputError(
    place,
    `${issue?.path.join(".") || "the message"}: ${issue?.message ?? "not as expected"}`,
    "Look at what the meter sends, and which source the configuration names for it.",
  );
}
