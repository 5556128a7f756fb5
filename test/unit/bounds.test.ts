import { readFile } from "node:fs/promises";

import { expect } from "chai";

import * as bounds from "../../sdk/bounds.js";
import { MAX_PROFILE_SLOTS } from "../../sdk/signing/orders.js";
import { MAX_SLOT_WH } from "../../sdk/units.js";

describe("the SDK's bounds", () => {
  it("are those of the contracts", async () => {
    const source = await readFile("contracts/libraries/MarketBounds.sol", "utf8");
    const constants = new Map(
      [...source.matchAll(/constant (\w+) = (?:2 \*\* (\d+) - 1|(\d+));/g)].map(([, name, bits, value]) => [
        name,
        bits === undefined ? BigInt(value ?? NaN) : 2n ** BigInt(bits) - 1n,
      ]),
    );
    for (const [name, value] of Object.entries({ ...bounds, MAX_PROFILE_SLOTS, MAX_SLOT_WH })) {
      expect(constants.get(name), name).to.equal(BigInt(value));
    }
  });
});
