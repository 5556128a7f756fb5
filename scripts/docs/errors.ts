/** docs/errors.md from the table of errors: why each happens, and what to do. */
import { ERROR_GROUPS } from "../../sdk/error-advice.js";

const HEAD = `# Errors

Written by \`npm run docs:errors\` from \`sdk/advice/\`, the same table that the SDK's messages come from; a test holds it to
the contracts' ABIs. After each name: why it happens, and **what to do**. \`{name}\` stands for the error's argument of
that name.
`;

/** The text of docs/errors.md. */
export function errorReference(): string {
  const sections = Object.entries(ERROR_GROUPS).map(([group, errors]) => {
    const items = Object.entries(errors).map(([name, { why, todo }]) => `- \`${name}\`: ${why} **${todo}**`);
    return [`## ${group}`, "", ...items, ""].join("\n");
  });
  return [HEAD, ...sections].join("\n");
}
