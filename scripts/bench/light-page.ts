/** The browser's side of the light node's benchmark: bundled into a page, which calls it. */
import { recoverInJavaScript, recoverInWebAssembly } from "../../light/index.js";
import { measureHeaders, type HeaderFigures, type SealedBlocks } from "./light-measure.js";

import "../fast-keccak.js";

const page = globalThis as unknown as {
  measureLight: (sealed: SealedBlocks, seconds: number) => Promise<HeaderFigures & { readonly isWebAssembly: boolean }>;
};

const clock = (): number => performance.now();

page.measureLight = async (sealed, seconds) => {
  const recover = await recoverInWebAssembly();
  return {
    ...measureHeaders(sealed, recover ?? recoverInJavaScript, { seconds, clock }),
    isWebAssembly: recover !== undefined,
  };
};
