/** Links between the README and docs/: a heading that was renamed leaves its readers where they began. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** As GitHub names a heading's anchor. */
function anchorOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return text
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

async function anchorsIn(file: string): Promise<Set<string>> {
  const text = await readFile(join(ROOT, file), "utf8");
  return new Set([...text.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading)));
}

/** What is wrong with a link of a file; undefined: it leads somewhere. */
async function fault(file: string, link: string): Promise<string | undefined> {
  if (/^[a-z]+:/.test(link)) return undefined; // elsewhere
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? file : join(dirname(file), path);
  if (!existsSync(join(ROOT, target))) return `${file}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  return (await anchorsIn(target)).has(anchor) ? undefined : `${file}: ${target} has no heading #${anchor}`;
}

describe("the documents", () => {
  it("link to files and headings that are there", async () => {
    const names = (await readdir(join(ROOT, "docs"))).filter((name) => name.endsWith(".md"));
    const faults: (string | undefined)[] = [];
    let links = 0;
    for (const file of ["README.md", ...names.map((name) => join("docs", name))]) {
      const text = await readFile(join(ROOT, file), "utf8");
      for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        links += 1;
        faults.push(await fault(file, link));
      }
    }
    expect(faults.filter((each) => each !== undefined)).to.deep.equal([]);
    expect(links).to.be.greaterThan(50);
    expect(await fault("README.md", "docs/operations.md#no-such-heading")).to.match(/has no heading #no-such-heading/);
    expect(await fault("README.md", "docs/nothing.md")).to.match(/there is no docs\/nothing\.md/);
  });
});
