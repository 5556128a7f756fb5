import { expect } from "chai";
import fc from "fast-check";

import { countCopies, leastCopies, type JudgedBlocks } from "../../scripts/light-node/backup/copies.js";
import type { MemberBackups } from "../../sdk/actions/backups.js";
import { faultsOf } from "../../light/index.js";

const BLOCKS: JudgedBlocks = { from: 0, to: 99, rootOf: (from, to) => `root ${from}-${to}` };

function member(
  name: string,
  ...said: (readonly [from: number, to: number, root?: string | null | undefined])[]
): MemberBackups {
  return {
    member: name,
    isActive: true,
    said: said.map(([from, to, root = BLOCKS.rootOf(from, to)]) => {
      return { from: BigInt(from), to: BigInt(to), root: root ?? undefined };
    }),
  };
}

describe("Copies of each block among the members", () => {
  it("are counted where ranges overlap", () => {
    const { ranges, wrong } = countCopies(BLOCKS, [member("a", [0, 63], [64, 99]), member("b", [32, 63]), member("c")]);
    expect(wrong).to.deep.equal([]);
    expect(ranges).to.deep.equal([
      { from: 0, to: 31, members: ["a"] },
      { from: 32, to: 63, members: ["a", "b"] },
      { from: 64, to: 99, members: ["a"] },
    ]);
  });

  it("nobody's is none", () => {
    expect(countCopies(BLOCKS, []).ranges).to.deep.equal([{ from: 0, to: 99, members: [] }]);
  });

  it("a member counts once, and only while it is active", () => {
    const idle = { ...member("b", [0, 99]), isActive: false };
    const { ranges } = countCopies(BLOCKS, [member("a", [0, 99], [0, 99], [50, 99]), idle]);
    expect(ranges).to.deep.equal([{ from: 0, to: 99, members: ["a"] }]);
  });

  it("a wrong root counts for nothing, and is told", () => {
    const { ranges, wrong } = countCopies(BLOCKS, [member("a", [0, 9, "another root"])]);
    expect(ranges).to.deep.equal([{ from: 0, to: 99, members: [] }]);
    expect(wrong).to.deep.equal([{ member: "a", from: 0, to: 9, root: "another root" }]);
  });

  it("what was withdrawn counts no more, until it is published again", () => {
    const { ranges } = countCopies(BLOCKS, [member("a", [0, 99], [20, 59, null], [40, 49])]);
    expect(ranges.map(({ from, to, members }) => [from, to, members.length])).to.deep.equal([
      [0, 19, 1],
      [20, 39, 0],
      [40, 49, 1],
      [50, 59, 0],
      [60, 99, 1],
    ]);
  });

  it("ranges that reach beyond the verified blocks are not judged", () => {
    const { ranges, wrong } = countCopies(BLOCKS, [member("a", [90, 100]), member("b", [100, 120, "whatever"])]);
    expect(ranges).to.deep.equal([{ from: 0, to: 99, members: [] }]);
    expect(wrong).to.deep.equal([]);
  });

  it("come to what each block's own count is", () => {
    const range = fc.tuple(fc.nat(99), fc.nat(99), fc.boolean()).map(([a, b, isKept]) => {
      return [Math.min(a, b), Math.max(a, b), isKept ? `root ${Math.min(a, b)}-${Math.max(a, b)}` : null] as const;
    });
    fc.assert(
      fc.property(fc.array(fc.array(range, { maxLength: 6 }), { maxLength: 5 }), (members) => {
        const backups = members.map((said, place) => member(`m${place}`, ...said));
        const { ranges } = countCopies(BLOCKS, backups);
        let next = 0;
        for (const { from, to, members: names } of ranges) {
          expect(from).to.equal(next);
          next = to + 1;
          for (let block = from; block <= to; block++) {
            const keeps = members.flatMap((said, place) => {
              const last = said.findLast(([a, b]) => a <= block && block <= b);
              return last === undefined || last[2] === null ? [] : [`m${place}`];
            });
            expect(names).to.deep.equal(keeps);
          }
        }
        expect(next).to.equal(100);
      }),
    );
  });

  it("should be one more than accountants that may fail", () => {
    for (let n = 1; n <= 101; n++) expect(leastCopies(n), `${n}`).to.equal(faultsOf(n) + 1);
    expect(leastCopies(0)).to.equal(1);
  });
});
