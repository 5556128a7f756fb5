/** `npm run docs:errors`: writes docs/errors.md. */
import { writeFile } from "node:fs/promises";

import { errorReference } from "./errors.js";

await writeFile("docs/errors.md", errorReference());
