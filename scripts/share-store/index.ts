/** The command `npm run share-store`. */
import { runCommandLine } from "../run.js";
import { shareStoreCommand } from "./command.js";

const complain = (problem: unknown): void => console.error(problem);
const command = shareStoreCommand(process.env, (text) => console.log(text), complain);
process.exitCode = await runCommandLine(command, process.argv.slice(2), complain);
