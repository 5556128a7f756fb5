/** Runs the light node's benchmark in Chromium, where there is one. */
import { existsSync } from "node:fs";

import { build } from "esbuild";
import { chromium } from "playwright-core";

import type { HeaderFigures, SealedBlocks } from "./light-measure.js";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome"].map((name) => `/usr/bin/${name}`);

/** The figures of each of the chains' blocks; undefined without a browser. */
export async function measureInBrowser(
  all: readonly SealedBlocks[],
  seconds: number,
): Promise<readonly HeaderFigures[] | undefined> {
  const executablePath = BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) return undefined;
  const bundle = await build({
    entryPoints: ["scripts/bench/light-page.ts"],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "silent",
  });
  const script = bundle.outputFiles[0]?.text ?? "";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    await page.setContent("<!doctype html><title>light</title>");
    await page.addScriptTag({ content: script, type: "module" });
    await page.waitForFunction(() => "measureLight" in globalThis);
    const figures: HeaderFigures[] = [];
    for (const sealed of all) {
      figures.push(
        await page.evaluate(
          ([blocks, time]) =>
            (
              globalThis as unknown as { measureLight: (a: SealedBlocks, b: number) => Promise<HeaderFigures> }
            ).measureLight(blocks, time),
          [sealed, seconds] as const,
        ),
      );
    }
    return figures;
  } finally {
    await browser.close();
  }
}
