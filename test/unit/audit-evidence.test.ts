import { readFileSync } from "node:fs";

import { expect } from "chai";
import { id, type Provider } from "ethers";

import { checkEvidence, type Trust } from "../../scripts/audit/evidence/check.js";
import { digestOf, type Evidence } from "../../scripts/audit/evidence/file.js";
import { proveReadings, proveSettlement, proveTransaction } from "../../scripts/audit/evidence/prove.js";
import { encodeHeader } from "../../light/index.js";
import { EvidenceRefused } from "../../scripts/audit/evidence/refused.js";
import { InputError } from "../../scripts/inputs/error.js";
import type { TransactionChain } from "../../sdk/connect.js";
import type { Deployment } from "../../sdk/deployments/index.js";
import { isCommonwattError } from "../../sdk/errors.js";
import type { ChainEvent } from "../../sdk/events.js";
import { unpackOutcomes, unpackReadings } from "../../sdk/records.js";
import { FOUNDERS } from "../../scripts/networks/operators.js";
import { validatorsFor } from "../../sdk/actions/accountants.js";
import { AuditedRun, STAGES } from "../utils/audited-run.js";
import { flippedHex, forged, NO_TRUST, refusalOf, set } from "../utils/evidence.js";
import { accountants, readRecording } from "../utils/qbft.js";
import { sealedChain } from "../utils/sealed-chain.js";

describe("audit evidence", function () {
  this.timeout(120_000);
  let run: AuditedRun;
  let chain: TransactionChain;
  let events: ChainEvent[];
  let deployment: Deployment;
  /** A meter and a slot with an estimate first and, in the run, all that can be settled. */
  let meter: number;
  let slot: number;
  let reading: string;
  let settlement: string;
  let transaction: string;

  before(async () => {
    run = await AuditedRun.open();
    for (const stage of STAGES) await run.reach(stage);
    chain = run.network.transaction;
    deployment = run.network.deployment;
    ({ events } = await run.events());
    meter = Number(run.neighbourhood.homes.find(({ home }) => home === "seller")?.meter);
    slot = Number(run.firstSlot);
    reading = await proveReadings(chain, { meter, slot });
    settlement = await proveSettlement(chain, { meter, slot });
    const settled = events.find(({ name }) => name === "SlotSettled");
    transaction = await proveTransaction(chain, settled?.transaction ?? "");
  });
  after(() => run.close());

  const headersOf = (text: string): string[] => (JSON.parse(text) as Evidence).blocks.map(({ hash }) => hash);
  const all = (): [string, string][] => [
    ["reading", reading],
    ["settlement", settlement],
    ["transaction", transaction],
  ];

  it("holds by hashes that the verifier gives, and says so; without any it says that nobody vouches", () => {
    for (const [kind, text] of all()) {
      const trusted = checkEvidence(text, kind, { headers: headersOf(text), deployment });
      expect(trusted.isAnchored, kind).to.equal(true);
      expect(trusted.trust.join("\n")).to.include("you gave this hash").and.include("your deployment file");
      const alone = checkEvidence(text, kind, NO_TRUST);
      expect(alone.isAnchored).to.equal(false);
      expect(alone.trust.join("\n"))
        .to.include("NOBODY VOUCHES FOR IT (it carries no seals)")
        .and.include("file's word");
      expect(alone.meaning).to.deep.equal(trusted.meaning);
    }
  });

  it("shows every reading that was stored, its message, its key and who certified that", () => {
    const stored = events.flatMap(({ name, args }) =>
      name === "ReadingBatchStored" ? unpackReadings(args["readings"] as string[]) : [],
    );
    const own = stored.filter((one) => Number(one.meter) === meter && Number(one.slot) === slot && one.changed === 1n);
    expect(own.map(({ status }) => Number(status))).to.deep.equal([1, 4]);
    const { readings } = JSON.parse(reading) as Evidence;
    expect(readings.map(({ message }) => [message.importWh, message.exportWh, message.status])).to.deep.equal(
      own.map((one) => [Number(one.importWh), Number(one.exportWh), Number(one.status)]),
    );
    const home = run.neighbourhood.homes.find(({ home }) => home === "seller");
    const { meaning } = checkEvidence(reading, "file", NO_TRUST);
    const text = meaning.join("\n");
    expect(text).to.include(`${home?.device.address ?? ""} signed it alone`);
    expect(text).to.include(
      `${home?.device.address ?? ""} is the key of device ${meter} (DeviceRegistry.DeviceCertified`,
    );
    expect(text).to.include(`${home?.feeder.meteringOperator.signer.address ?? ""} is the metering operator of feeder`);
    expect(text).to.include("export 1700 Wh, actual").and.include("export 2900 Wh, corrected");
  });

  it("shows each settlement of the slot, its end, and what they moved of the account", () => {
    const outcomes = events
      .filter(({ name, args }) => name === "SlotSettled" && Number(args["slot"]) === slot)
      .flatMap(({ args }) => unpackOutcomes(args["outcomes"] as string[]))
      .filter((outcome) => Number(outcome.meter) === meter);
    expect(outcomes).to.have.lengthOf(2);
    const { meaning } = checkEvidence(settlement, "file", NO_TRUST);
    const text = meaning.join("\n");
    for (const outcome of outcomes) expect(text).to.include(`energyReceived ${outcome.energyReceived}`);
    expect(text).to.include("Settlement.SlotFinalized").and.include("nothing of it changes any more");
    const moved = meaning.filter((line) => line.includes("moved, micro-credits"));
    expect(moved.length).to.be.above(1);
    for (const line of moved) expect(line).to.include(outcomes[0]?.account ?? "nobody");
  });

  it("refuses a file with any character changed, by the name of the part", () => {
    for (const [kind, text] of all()) {
      const refused = new Set<string>();
      for (let at = 0; at < text.length; at += 307) {
        const other = text.charAt(at) === "a" ? "b" : "a";
        if (/\s/.test(text.charAt(at)) && /\s/.test(text.charAt(at + 1))) continue; // between lines
        const changed = `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
        try {
          checkEvidence(changed, kind, NO_TRUST);
          expect.fail(`${kind}: taken with another character at ${at}: ${text.slice(at - 20, at + 20)}`);
        } catch (error) {
          if (error instanceof EvidenceRefused) refused.add(error.part);
          else expect(error).to.be.instanceOf(InputError);
        }
      }
      expect(refused.size, [...refused].join()).to.be.above(3);
    }
  });

  it("refuses forgeries with a right checksum, each by its part", () => {
    const cases: [part: string, text: string, change: (evidence: Evidence) => void][] = [
      ["hash", settlement, (file) => set(file.blocks[0], "header", (hex) => flippedHex(hex, hex.length - 1))],
      ["number", settlement, (file) => set(file.blocks[0], "number", (number) => number + 1)],
      ["hash", settlement, (file) => set(file.blocks[0]?.items[0], "hash", () => id("another"))],
      ["proof of the transaction", settlement, (file) => set(file.blocks[0]?.items[0], "place", (place) => place + 1)],
      ["transaction", settlement, (file) => set(file.blocks[0]?.items[0], "transaction", (hex) => flippedHex(hex, 99))],
      ["receipt", settlement, (file) => set(file.blocks[0]?.items[0], "receipt", (hex) => flippedHex(hex, 999))],
      ["proof of the receipt", settlement, (file) => set(file.blocks[0]?.items[0], "receiptProof", () => [])],
      ["chain", settlement, (file) => set(file.identity, "chainId", (chainId) => chainId + 1)],
      ["meaning", settlement, (file) => file.meaning.push("Everybody is owed a fortune")],
      ["line 1", settlement, (file) => set(file, "meaning", ([, ...lines]) => ["Paid in full", ...lines])],
      [
        "subject",
        settlement,
        (file) => set(file, "subject", () => ({ kind: "settlement" as const, meter: 999, slot })),
      ],
      ["subject", reading, (file) => set(file, "subject", () => ({ kind: "reading" as const, meter: 999, slot }))],
      [
        "subject",
        transaction,
        (file) => set(file, "subject", () => ({ kind: "transaction" as const, transaction: id("x") })),
      ],
      ["subject", reading, (file) => file.readings.splice(0)],
      ["event", reading, (file) => set(file.readings[0], "log", (log) => log + 7)],
      ["batch", reading, (file) => set(file.readings[0], "batch", (batch) => batch + 1)],
      ["root", reading, (file) => set(file.readings[0], "root", () => id("root"))],
      ["digest", reading, (file) => set(file.readings[0]?.message, "exportWh", (wh) => wh + 1)],
      ["Merkle proof", reading, (file) => set(file.readings[0], "proof", (proof) => [...proof, id("sibling")])],
      ["signature", reading, (file) => set(file.readings[0]?.signed, "r", (hex) => flippedHex(hex, 20))],
      [
        "signature",
        reading,
        (file) => set(file.readings[0]?.signed, "signer", () => chain.deployment.contracts.Arrears.address),
      ],
      [
        "series",
        reading,
        (file) => set(file.readings[0]?.signed, "covers", ([first]) => [{ ...(first as never as Message), slot: 1 }]),
      ],
      ["place", reading, (file) => set(file.readings[0], "index", (index) => index + 1)],
      [
        "event",
        reading,
        (file) => set(file.identity.contracts, "MeterLedger", () => chain.deployment.contracts.Arrears.address),
      ],
    ];
    for (const [part, text, change] of cases) {
      const refused = refusalOf(forged(text, change));
      expect(refused.part.split(", "), refused.message).to.include(part);
    }
  });

  it("refuses a block whose hash is not among those given, and one without seals where seals are trusted", () => {
    const [first = "", ...others] = headersOf(settlement);
    expect(others).to.not.have.lengthOf(0);
    expect(refusalOf(settlement, { headers: [first] }).part).to.match(/^block \d+, trust$/);
    const { set: validators } = accountants(4, "nobody");
    const refused = refusalOf(settlement, { headers: [first], validators });
    expect(refused.message).to.include("seals").and.include("--header");
  });

  it("names what is no evidence, or of another version or chain, as bad input", () => {
    const bad = (text: string, trust: Trust, named: string): void => {
      expect(() => checkEvidence(text, "file.json", trust)).to.throw(InputError, named);
    };
    bad("{", NO_TRUST, "no JSON");
    bad("null", NO_TRUST, "no evidence");
    bad(readFileSync("package.json", "utf8"), NO_TRUST, "no evidence");
    bad(JSON.stringify({ ...(JSON.parse(reading) as Evidence), version: 2 }), NO_TRUST, "version 2");
    const other = structuredClone(deployment);
    other.chains.transaction.genesisHash = id("another");
    bad(reading, { headers: [], deployment: other }, "genesis");
    other.chains.transaction.genesisHash = deployment.chains.transaction.genesisHash;
    other.chains.transaction.contracts.MeterLedger.address = other.chains.transaction.contracts.Arrears.address;
    bad(reading, { headers: [], deployment: other }, "MeterLedger");
    other.chains.transaction.chainId += 1;
    bad(reading, { headers: [], deployment: other }, "chain id");
  });

  it("names what is not on the chain", async () => {
    const thrown = async (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(await thrown(proveReadings(chain, { meter: 999, slot }))).to.be.instanceOf(InputError);
    expect(await thrown(proveSettlement(chain, { meter, slot: 7 }))).to.be.instanceOf(InputError);
    const unknown = await thrown(proveTransaction(chain, id("nothing")));
    expect(isCommonwattError(unknown, "TransactionUnknown")).to.equal(true);
  });

  it("holds by seals where the chain has them, for a reading and a settlement too", async () => {
    const { transaction: operators } = run.network.operators;
    const sealing = sealedChain(chain, { nodes: FOUNDERS.map((number) => operators[`node${number}`]) });
    const validators = await validatorsFor(chain, BigInt(await chain.provider.getBlockNumber()));
    for (const text of [
      await proveReadings(sealing, { meter, slot }),
      await proveSettlement(sealing, { meter, slot }),
    ]) {
      const { trust, isAnchored, meaning } = checkEvidence(text, "file", { headers: [], validators, deployment });
      expect(isAnchored).to.equal(true);
      expect(trust.filter((line) => line.includes("of the 4 accountants given sealed it"))).to.have.lengthOf(
        trust.length - 1,
      );
      expect(meaning.join("\n")).to.include(`meter ${meter}`);
    }
    const short = sealedChain(chain, { nodes: FOUNDERS.map((number) => operators[`node${number}`]), missing: 1 });
    const refused = refusalOf(await proveSettlement(short, { meter, slot }), { headers: [], validators });
    expect(refused.part).to.match(/^block \d+, seals$/);
  });

  it("is written of the user chain too", async () => {
    const { user } = run.network;
    const [log] = await user.provider.getLogs({
      fromBlock: 0,
      toBlock: "latest",
      address: user.deployment.contracts.Federation.address,
    });
    const text = await proveTransaction(user, log?.transactionHash ?? "");
    const { evidence, meaning } = checkEvidence(text, "file", { headers: headersOf(text), deployment });
    expect([evidence.identity.chain, evidence.identity.chainId]).to.deep.equal(["user", user.deployment.chainId]);
    expect(meaning.join("\n")).to.include("Federation.");
  });

  it("does not write what an endpoint makes up", async () => {
    const lies: [method: string, bend: (answer: Record<string, unknown>) => unknown][] = [
      ["eth_getTransactionReceipt", (answer) => ({ ...answer, status: "0x0" })],
      ["eth_getBlockByNumber", (answer) => ({ ...answer, transactions: [] })],
      ["eth_getBlockByNumber", (answer) => ({ ...answer, receiptsRoot: id("root") })],
    ];
    for (const [method, bend] of lies) {
      const lying = withAnswers(chain, async (asked, parameters, honest) => {
        const answer = await honest(asked, parameters);
        return asked === method ? bend(answer as Record<string, unknown>) : answer;
      });
      const settled = events.find(({ name }) => name === "SlotSettled")?.transaction ?? "";
      const error = await proveTransaction(lying, settled).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(isCommonwattError(error, "BodyNotOfHeader"), method).to.equal(true);
    }
  });

  describe("of a recorded Besu chain", () => {
    const { at } = readRecording();
    const bodies = JSON.parse(readFileSync("test/fixtures/besu-qbft/blocks.json", "utf8")) as {
      readonly number: number;
      readonly block: { readonly transactions: readonly { readonly hash: string }[] };
      readonly receipts: readonly { readonly transactionHash: string }[];
    }[];

    /** The chain, as far as it was recorded. */
    const recorded = (): TransactionChain => {
      const deployment = { ...chain.deployment, chainId: 20260, contracts: {} };
      return withAnswers({ ...chain, deployment: deployment as never }, (method, [first]) => {
        const transactions = bodies.flatMap(({ block }) => block.transactions);
        if (method === "eth_getTransactionByHash") return transactions.find(({ hash }) => hash === first);
        if (method === "eth_getBlockByNumber") return bodies.find(({ number }) => number === Number(first))?.block;
        return bodies.flatMap(({ receipts }) => receipts).find(({ transactionHash }) => transactionHash === first);
      });
    };

    it("holds by the seals of its accountants, for each transaction", async () => {
      for (const { number, block } of bodies) {
        for (const { hash } of block.transactions) {
          const text = await proveTransaction(recorded(), hash);
          const { trust, isAnchored } = checkEvidence(text, "file", { headers: [], validators: at(number).set });
          expect(isAnchored).to.equal(true);
          expect(trust[0]).to.match(/\d of the 4 accountants given sealed it, 3 must/);
        }
      }
    });

    it("is refused by other accountants, with a seal too few, and with a seal altered", async () => {
      const [several] = bodies.filter(({ block }) => block.transactions.length > 1);
      const { number = 0, block } = several ?? {};
      const text = await proveTransaction(recorded(), block?.transactions[0]?.hash ?? "");
      const refused = refusalOf(text, { headers: [], validators: accountants(4, "others").set });
      expect(refused.part).to.equal(`block ${number}, seals`);
      expect(refused.message).to.include("is not in the set");
      const alone = checkEvidence(text, "file", NO_TRUST);
      expect(alone.trust[0]).to.include("NOBODY VOUCHES FOR IT (its seals need --validators)");
      const { header, block: sealed } = at(number);
      const [seal = "", ...seals] = header.seals;
      const altered = `${seal.slice(0, -60)}${"0".repeat(58)}${seal.slice(-2)}`;
      for (const [other, problem] of [
        [[altered, ...seals], /is not in the set|No key/],
        [seals.slice(1), /seal/],
      ] as const) {
        const bent = forged(text, (file) =>
          set(file.blocks[0], "header", () => encodeHeader({ ...header, seals: other })),
        );
        // the hash does not cover seals: only who trusts them notices
        expect(checkEvidence(bent, "file", { headers: [sealed.hash] }).isAnchored).to.equal(true);
        const noticed = refusalOf(bent, { headers: [], validators: at(number).set });
        expect(noticed.part).to.equal(`block ${number}, seals`);
        expect(noticed.message).to.match(problem);
      }
    });
  });

  it("has a checksum over everything", () => {
    const { digest, ...body } = JSON.parse(reading) as Evidence;
    expect(digest).to.equal(digestOf(body));
    expect(refusalOf(reading.replace(digest, id("other"))).part).to.equal("digest");
    const renamed = reading.replace(`"network": "${body.identity.network}"`, '"network": "elsewhere"');
    expect(refusalOf(renamed).part).to.equal("digest");
  });
});

type Message = Evidence["readings"][number]["message"];

type Send = (method: string, parameters: readonly unknown[]) => Promise<unknown>;

/** The chain behind an endpoint that answers as given. */
function withAnswers(
  chain: TransactionChain,
  answer: (method: string, parameters: readonly unknown[], honest: Send) => unknown,
): TransactionChain {
  const honest = chain.provider as unknown as { send: Send };
  const send: Send = (method, parameters) =>
    Promise.resolve(answer(method, parameters, (...asked) => honest.send(...asked)));
  return { ...chain, provider: { send } as unknown as Provider };
}
