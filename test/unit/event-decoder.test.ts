import { expect } from "chai";
import fc from "fast-check";
import { getAddress, hexlify, type ParamType } from "ethers";

import { jsonOf } from "../../scripts/audit/indexer/rows.js";
import { CONTRACT_INTERFACES } from "../../sdk/contracts.js";
import { argumentRestorer, callDecoder, logDecoder } from "../../sdk/event-decoder.js";

/** Any value of a type. */
function anyOf(type: ParamType): fc.Arbitrary<unknown> {
  const { baseType, arrayChildren, components, arrayLength } = type;
  if (arrayChildren !== null) {
    const bounds = arrayLength === -1 ? { maxLength: 4 } : { minLength: arrayLength ?? 0, maxLength: arrayLength ?? 0 };
    return fc.array(anyOf(arrayChildren), bounds);
  }
  if (components !== null) return fc.record(Object.fromEntries(components.map((part) => [part.name, anyOf(part)])));
  const bytes = (size: number): fc.Arbitrary<string> =>
    fc.uint8Array({ minLength: size, maxLength: size }).map((value) => hexlify(value));
  if (baseType === "address") return bytes(20).map(getAddress);
  if (baseType === "bool") return fc.boolean();
  if (baseType === "string") return fc.string();
  if (baseType === "bytes") return fc.uint8Array({ maxLength: 70 }).map((value) => hexlify(value));
  const size = Number(/\d+$/.exec(baseType)?.[0]);
  if (baseType.startsWith("bytes")) return bytes(size);
  if (baseType.startsWith("uint")) return fc.bigInt(0n, 2n ** BigInt(size) - 1n);
  return fc.bigInt(-(2n ** BigInt(size - 1)), 2n ** BigInt(size - 1) - 1n);
}

/** What ethers decodes, with names. */
function plain(type: ParamType, value: unknown): unknown {
  const { arrayChildren, components } = type;
  if (arrayChildren !== null) return Array.from(value as ArrayLike<unknown>, (item) => plain(arrayChildren, item));
  if (components === null) return value;
  return Object.fromEntries(components.map((part, at) => [part.name, plain(part, (value as unknown[])[at])]));
}

describe("The decoder of calls", () => {
  const CALLS = {
    MeterLedger: ["submit"],
    DeviceRegistry: ["certify", "register", "recertify"],
    Settlement: ["multicall"],
  };
  for (const [contract, names] of Object.entries(CALLS)) {
    it(`reads calls of ${contract} as ethers does`, () => {
      const abi = CONTRACT_INTERFACES[contract as keyof typeof CALLS];
      const decode = callDecoder(abi);
      for (const name of names) {
        const call = abi.getFunction(name) ?? expect.fail(`there is no ${name}`);
        fc.assert(
          fc.property(fc.tuple(...call.inputs.map(anyOf)), (args) => {
            const input = abi.encodeFunctionData(call, args);
            const right = abi.decodeFunctionData(call, input);
            const expected = call.inputs.map((type, at) => [type.name, plain(type, right[at])] as const);
            expect(decode(input)).to.deep.equal({ name, args: Object.fromEntries(expected) });
          }),
          { numRuns: 20 },
        );
      }
    });
  }

  it("knows no other call, and refuses one that is cut off", () => {
    const decode = callDecoder(CONTRACT_INTERFACES.Settlement);
    expect(decode("0x")).to.equal(undefined);
    expect(decode("0xffffffff00")).to.equal(undefined);
    const input = CONTRACT_INTERFACES.Settlement.encodeFunctionData("multicall", [["0x1234"]]);
    expect(() => decode(input.slice(0, -64))).to.throw(RangeError);
  });
});

describe("The decoder of events", () => {
  for (const [contract, abi] of Object.entries(CONTRACT_INTERFACES)) {
    it(`reads every event of ${contract} as ethers does, and again after JSON`, () => {
      const [decode, restore] = [logDecoder(abi), argumentRestorer(abi)];
      const names: string[] = [];
      abi.forEachEvent((event) => {
        names.push(event.name);
        const values = fc.tuple(...event.inputs.map(anyOf));
        fc.assert(
          fc.property(values, (args) => {
            const log = abi.encodeEventLog(event, args);
            const right = abi.parseLog(log);
            const expected = Object.fromEntries(
              event.inputs.map((type, at) => [type.name, plain(type, right?.args[at])]),
            );
            const decoded = decode(log);
            expect(decoded).to.deep.equal({ name: event.name, args: expected });
            expect(restore(event.name, JSON.parse(jsonOf(decoded?.args)))).to.deep.equal(expected);
          }),
          { numRuns: 8 },
        );
      });
      // rows name events, not signatures
      expect(new Set(names).size).to.equal(names.length);
    });
  }

  it("knows no other event, and refuses a log that is cut", () => {
    const abi = CONTRACT_INTERFACES.TradeEscrow;
    const decode = logDecoder(abi);
    const log = abi.encodeEventLog("Moved", [1, 2, [`0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`]]);
    expect(decode({ ...log, topics: [`0x${"12".repeat(32)}`] })).to.equal(undefined);
    expect(argumentRestorer(abi)("Nothing", {})).to.equal(undefined);
    for (const length of [2, 40, 66, 130, 200, log.data.length - 2]) {
      expect(() => decode({ ...log, data: log.data.slice(0, length) }), String(length)).to.throw(RangeError);
    }
    expect(() => decode({ ...log, topics: log.topics.slice(0, 1) })).to.throw(RangeError);
  });
});
