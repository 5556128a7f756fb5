/** JSON of answers: integers as text, for JSON has none above 2^53. */
export function jsonOf(value: unknown): string {
  const text = (_: string, part: unknown): unknown => (typeof part === "bigint" ? part.toString() : part);
  return JSON.stringify(value, text, 2);
}
