/** The command `npm run accountants`. */
import { runAccountants } from "./run.js";

process.exitCode = await runAccountants(
  process.argv.slice(2),
  process.env,
  (text) => console.log(text),
  (problem) => console.error(problem),
);
