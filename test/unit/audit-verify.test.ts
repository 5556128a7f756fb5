import { expect } from "chai";
import { getBytes, id, Wallet } from "ethers";

import { AuditDatabase } from "../../scripts/audit/indexer/database.js";
import { indexChain } from "../../scripts/audit/indexer/index-chain.js";
import { storedEvents } from "../../scripts/audit/indexer/read-events.js";
import { firstDifference } from "../../scripts/audit/first-difference.js";
import { noteConstants } from "../../scripts/audit/open.js";
import { booksAt, verifyBooks } from "../../scripts/audit/verify.js";
import { signerOf } from "../../scripts/oracle/signer.js";
import {
  changeDevice,
  changeDeviceOwner,
  recertifyDevice,
  rotateDeviceKey,
  signCertificate,
  type SignedCertificate,
} from "../../sdk/actions/devices.js";
import { changeRoles, expel, reinstate, suspend } from "../../sdk/actions/federation.js";
import {
  auditChain,
  compareWithChain,
  foldEvents,
  witnessOf,
  type AuditState,
  type Finding,
} from "../../sdk/audit/index.js";
import { connectTransactionChain, withSigner, type TransactionChain } from "../../sdk/connect.js";
import { CONTRACT_INTERFACES } from "../../sdk/contracts.js";
import { AccessRole, type DeviceKind, DeviceStatus, MemberRole, rolesMask } from "../../sdk/enums.js";
import type { ChainEvent, TransactionFacts } from "../../sdk/events.js";
import { MANUFACTURER, type NeighbourHome, type SigningChain } from "../../scripts/neighbourhood.js";
import { serialHash } from "../../sdk/signing/devices.js";
import { AuditedRun, STAGES } from "../utils/audited-run.js";
import { endpointOf, honestAsk } from "../utils/audit-endpoint.js";

const STRANGER = "0x5a5A5a5a5A5a5a5a5a5A5a5A5A5a5a5A5A5A5A5A";

describe("The auditor's verify", function () {
  this.timeout(240_000);
  let run: AuditedRun;
  let chain: TransactionChain;
  let database: AuditDatabase;
  let events: ChainEvent[];
  let toBlock: number;

  before(async () => {
    run = await AuditedRun.open();
    for (const stage of STAGES) await run.reach(stage);
    chain = run.network.transaction;
    database = AuditDatabase.open(":memory:");
    database.claim(run.network.deployment);
    await noteConstants(database, chain);
    const { transaction } = run.network.deployment.chains;
    const cursor = await indexChain(database, endpointOf(honestAsk(run.network)), {
      chain: "transaction",
      deployment: transaction,
    });
    toBlock = cursor.block;
    events = [...storedEvents(database, "transaction", toBlock)].flat();
  });
  after(async () => {
    database.close();
    await run.close();
  });

  const firstOf = (name: string): number => events.find((event) => event.name === name)?.block ?? NaN;
  const endpoint = (): ReturnType<typeof endpointOf> => endpointOf(honestAsk(run.network));

  it("finds the chain's own state in the events, at the head", async () => {
    const { state, isCompared, parting } = await verifyBooks(database, chain, endpoint());
    expect(state.findings).to.deep.equal([]);
    expect(isCompared).to.equal(true);
    expect(parting).to.equal(undefined);
    expect(state.checks).to.be.greaterThan(2_500);
  });

  it("finds it at any block", async () => {
    const blocks = [...new Set(events.map(({ block }) => block))].filter((_, index) => index % 12 === 5);
    expect(blocks.length).to.be.greaterThan(10);
    for (const block of blocks) {
      const { state, isCompared } = await verifyBooks(database, chain, endpoint(), block);
      // before that the chain has not all contracts to ask
      expect(isCompared, `block ${block}`).to.equal(block >= firstOf("MemberAdmitted"));
      expect(state.findings, `block ${block}`).to.deep.equal([]);
    }
  });

  it("compares each part of the books with the chain's own", async () => {
    const { state } = await booksAt(database);
    const first = <Item>(items: Map<unknown, Item>): Item => {
      const [item] = items.values();
      if (item === undefined) throw new Error("the run has none of it");
      return item;
    };
    const word = `0x${"5a".repeat(32)}`;
    const [reading = ""] = state.readings.keys();
    const [debtor = ""] = state.owes.keys();
    const [due = ""] = state.feesDue.keys();
    const [token = ""] = state.tokens.keys();
    state.issuedMicro += 1n;
    state.tokens.set(token, -1n);
    first(state.accounts).balance += 1n;
    state.owes.set(debtor, -1n);
    state.feesDue.set(due, -1n);
    state.references.add(word);
    first(state.books).hash = word;
    Object.assign(first(state.closed), { hash: word });
    first(state.settled).final = false;
    state.roots[0] = word;
    state.readings.set(reading, { importWh: 0n, exportWh: 0n, status: 0n, sequence: 99n });
    state.devices.delete(1n);
    first(state.devices).key = STRANGER;
    first(state.admitted).roles ^= 1n;
    state.admitted.set(STRANGER, { ...first(state.admitted), kind: "user", registrar: STRANGER, roles: 0n });
    await compareWithChain(state, chain, toBlock);
    expect(new Set(state.findings.map(({ check }) => check))).to.deep.equal(new Set(["C1"]));
    const told = state.findings.map(({ what }) => what).join("\n");
    for (const part of [
      /^credits in existence/m,
      /^credits of 0x/m,
      /^balance of 0x/m,
      /^debts of 0x/m,
      /^fees due to 0x/m,
      /^payment 0x5a/m,
      /^book /m,
      /^positions of slot/m,
      /^settlement /m,
      /^root of batch 1/m,
      /^devices: /m,
      /^key of device 2/m,
      /^roles of 0x/m,
      /^registrar of 0x5a/im,
    ]) {
      expect(told).to.match(part);
    }
    expect(told).to.include(reading);
  });

  it("refuses a block that was not indexed", async () => {
    const error = await booksAt(database, toBlock + 1).catch((thrown: Error) => thrown.message);
    expect(error).to.match(/it ends at block \d+, before block \d+/);
  });

  /** Folds events of which some were changed. */
  const fold = (changed: readonly ChainEvent[]): Promise<AuditState> =>
    foldEvents(chain, [changed], { witness: witnessOf(chain, signerOf), slotSeconds: 3_600n });
  const findingsOf = async (changed: readonly ChainEvent[]): Promise<Finding[]> => (await fold(changed)).findings;
  const within = (event: ChainEvent | undefined): TransactionFacts => {
    if (event?.within === undefined) throw new Error("no such event");
    return event.within;
  };
  /** Changes the transaction behind the first event of that name. */
  const withTransaction = (
    name: string,
    change: (facts: TransactionFacts) => Partial<TransactionFacts>,
  ): ChainEvent[] => {
    const first = events.find((event) => `${event.contract}.${event.name}` === name);
    const facts = { ...within(first), ...change(within(first)) };
    return events.map((event) => (event.transaction === first?.transaction ? { ...event, within: facts } : event));
  };

  describe("with a transaction changed", () => {
    const CASES: Readonly<Record<string, readonly [check: string, make: () => ChainEvent[]]>> = {
      "a reading that another key signed": [
        "A29",
        () =>
          withTransaction("MeterLedger.ReadingBatchStored", ({ input }) => {
            const [readings] = CONTRACT_INTERFACES.MeterLedger.decodeFunctionData("submit", input) as unknown as [
              Record<string, unknown>[],
            ];
            const forged = Wallet.createRandom().signingKey.sign(id("anything"));
            const changed = [...readings].map((reading) => {
              const plain = (reading as unknown as { toObject(): Record<string, unknown> }).toObject();
              return { ...plain, r: forged.r, vs: forged.yParityAndS };
            });
            return { input: CONTRACT_INTERFACES.MeterLedger.encodeFunctionData("submit", [changed]) };
          }),
      ],
      "readings that the transaction does not bring": [
        "A29",
        () => withTransaction("MeterLedger.ReadingBatchStored", () => ({ input: "0x12345678" })),
      ],
      "a device that was never activated": [
        "A29",
        () => events.filter(({ contract, name }) => contract !== "DeviceRegistry" || name !== "DeviceStatusChanged"),
      ],
      "a certificate that is not shown": [
        "A29",
        () => withTransaction("DeviceRegistry.DeviceCertified", () => ({ input: "0x" })),
      ],
      "a certificate that another one signed": [
        "A29",
        () =>
          withTransaction("DeviceRegistry.DeviceCertified", ({ input }) => {
            const { DeviceRegistry } = CONTRACT_INTERFACES;
            const call = DeviceRegistry.parseTransaction({ data: input });
            if (call === null) throw new Error("the device was not certified by a call of the registry");
            const place = call.fragment.inputs.findIndex(({ name }) => name === "makerSignature");
            const { serialized } = Wallet.createRandom().signingKey.sign(id("anything"));
            return {
              input: DeviceRegistry.encodeFunctionData(call.fragment, call.args.toArray().with(place, serialized)),
            };
          }),
      ],
      "a certificate at a time when it was not valid": [
        "A29",
        () => withTransaction("DeviceRegistry.DeviceCertified", () => ({ time: 2n ** 62n })),
      ],
      "a maker who is no member": [
        "A29",
        () => events.filter(({ name, args }) => name !== "MemberAdmitted" || args["roles"] !== 16n),
      ],
      "credits issued by a stranger": [
        "A30",
        () => withTransaction("EnergyCredit.CreditIssued", () => ({ sender: STRANGER })),
      ],
      "an area that a stranger drew": [
        "A30",
        () => withTransaction("GridTopology.AreaCreated", () => ({ sender: STRANGER })),
      ],
      "a role that a stranger gave": [
        "A30",
        () => {
          const last = events.at(-1) as ChainEvent;
          const manager = chain.deployment.contracts.FederationAccessManager.address;
          const input = CONTRACT_INTERFACES.FederationAccessManager.encodeFunctionData("grantRole", [2n, STRANGER, 0]);
          const args = { roleId: 2n, account: STRANGER, delay: 0n, since: 0n, newMember: true };
          const facts = { ...within(last), sender: STRANGER, to: manager, input };
          const at = { block: last.block + 1, logIndex: 0, transaction: id("a grant") };
          return [
            ...events,
            { contract: "FederationAccessManager", name: "RoleGranted", args, ...at, within: facts } as const,
          ];
        },
      ],
      "a regulator that sends credits": [
        "A31",
        () => withTransaction("EnergyCredit.Transfer", () => ({ sender: regulator() })),
      ],
      "a regulator that gets credits": [
        "A31",
        () => {
          const at = events.findLastIndex(({ name }) => name === "Transfer");
          const event = events[at] as ChainEvent;
          return events.with(at, { ...event, args: { ...event.args, to: regulator() } });
        },
      ],
    };
    const regulator = (): string => {
      const granted = events.find(
        ({ name, args }) => name === "RoleGranted" && args["roleId"] === AccessRole.Regulator,
      );
      // it is named before the first credit moves
      return granted?.args["account"] as string;
    };

    it("the run itself holds", async () => {
      expect(await findingsOf(events)).to.deep.equal([]);
    });

    for (const [name, [check, make]] of Object.entries(CASES)) {
      it(`${name}: ${check} names the transaction`, async () => {
        const findings = (await findingsOf(make())).filter((finding) => finding.check === check);
        expect(findings).to.not.deep.equal([]);
        expect(findings[0]?.where).to.match(/block \d+, log \d+ \(0x[0-9a-f]{64}\)/);
      });
    }
  });

  describe("with what can't be read", () => {
    const MULTICALL = "0xac9650d8";
    const cut = ({ input }: TransactionFacts): Partial<TransactionFacts> => ({ input: input.slice(0, -90) });
    const CASES: Readonly<Record<string, readonly [check: string, make: () => ChainEvent[]]>> = {
      "a `submit` that ends early": ["A29", () => withTransaction("MeterLedger.ReadingBatchStored", cut)],
      "a `submit` of more readings than it has words": [
        "A29",
        () =>
          withTransaction("MeterLedger.ReadingBatchStored", ({ input }) => ({
            input: `${input.slice(0, 10)}${"20".padStart(64, "0")}${"ff".padStart(64, "0")}`,
          })),
      ],
      "a certificate's call that ends early": ["A29", () => withTransaction("DeviceRegistry.DeviceCertified", cut)],
      "a `multicall` without its calls": [
        "A30",
        () => withTransaction("GridTopology.AreaCreated", () => ({ input: MULTICALL })),
      ],
      "a `multicall` at an offset that no calldata has": [
        "A30",
        () => withTransaction("GridTopology.AreaCreated", () => ({ input: `${MULTICALL}${"ff".repeat(64)}` })),
      ],
      "movements of half a record": [
        "A30",
        () => {
          const at = events.findLastIndex(({ name }) => name === "Moved");
          const event = events[at] as ChainEvent;
          return events.with(at, { ...event, args: { ...event.args, movements: [id("half")] } });
        },
      ],
    };
    for (const [name, [check, make]] of Object.entries(CASES)) {
      it(`${name}: ${check} names the transaction, and the audit goes on`, async () => {
        const { findings, events: folded } = await fold(make());
        const unread = findings.find((finding) => finding.check === check && finding.what.includes("can be read"));
        expect(unread?.what).to.match(/can be read: \w*Error: .*, not read$/);
        expect(unread?.where).to.match(/block \d+, log \d+ \(0x[0-9a-f]{64}\)/);
        expect(folded).to.equal(events.length);
      });
    }
  });

  describe("where chain and events part", () => {
    /** Who got an accounting fee is in no other event. */
    const changedAt = (): number => events.findLastIndex(({ name }) => name === "FeeBooked");
    const changed = (): ChainEvent[] => {
      const event = events[changedAt()] as ChainEvent;
      return events.with(changedAt(), { ...event, args: { ...event.args, accountant: STRANGER } });
    };
    const locate = async (on: TransactionChain): Promise<Awaited<ReturnType<typeof firstDifference>>> => {
      const foldTo = (block: number): Promise<AuditState> => fold(changed().filter((event) => event.block <= block));
      const state = await foldTo(toBlock);
      expect(state.findings).to.deep.equal([]);
      await compareWithChain(state, on, toBlock);
      const [finding] = state.findings;
      expect(finding?.check).to.equal("C1");
      return firstDifference(on, changed(), foldTo, { finding: finding as Finding, toBlock });
    };

    it("names the first event after which they differ", async () => {
      const { block } = events[changedAt()] as ChainEvent;
      const found = await locate(chain);
      expect(found.differsAt).to.equal(block);
      expect(found.agreesAt).to.be.lessThan(block);
      expect(found.event?.block).to.equal(block);
      expect(found.text).to.match(
        /agree at block \d+ and differ at block \d+; the first event after which they differ/,
      );
    });

    it("names the first event that touches what differs where the endpoint forgot earlier states", async () => {
      const forgetful = new Proxy(chain.provider, {
        get: (target, property) => {
          const value: unknown = Reflect.get(target, property);
          if (property === "call") {
            return (request: Parameters<typeof target.call>[0]) =>
              Number(request.blockTag) < toBlock
                ? Promise.reject(new Error("missing trie node"))
                : target.call(request);
          }
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
      const found = await locate(await connectTransactionChain(run.network.deployment, forgetful));
      expect(found.agreesAt).to.equal(undefined);
      expect(found.text).to.match(
        /has no state up to block \d+.*the first event that touches what differs: \w+\.\w+ at block/,
      );
    });

    it("says that a head without state could not be compared", async () => {
      const dead = new Proxy(chain.provider, {
        get: (target, property) => {
          const value: unknown = Reflect.get(target, property);
          if (property === "call") return () => Promise.reject(new Error("missing trie node"));
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
      const blind = await connectTransactionChain(run.network.deployment, dead);
      const { state, isCompared } = await verifyBooks(database, blind, endpoint());
      expect(isCompared).to.equal(false);
      expect(state.findings).to.deep.equal([]);
    });
  });

  it("tells how members, users and devices stand, as the chain does", async () => {
    const { homes, members } = run.neighbourhood;
    const [one, two, three, four] = homes;
    const [member, maker] = [members.get("Metering"), members.get(MANUFACTURER)];
    if (one === undefined || two === undefined || three === undefined || four === undefined) {
      throw new Error("the run has too few homes");
    }
    if (member === undefined || maker === undefined) throw new Error("the run has too few members");
    const council = withSigner(chain, run.network.operators.transaction.council);
    const [from, to] = [one.chain.signer, two.chain.signer];
    const account = (home: typeof one): Promise<string> => home.chain.signer.getAddress();
    const until = 1n << 40n;
    await rotateDeviceKey(one.chain, { device: one.meter, oldKey: one.device, newKey: Wallet.createRandom() });
    await changeDeviceOwner(one.chain, { device: one.meter, from, to, deadline: until });
    await changeDevice(two.feeder.meteringOperator, { device: two.meter, step: "suspend" });
    const newKey = Wallet.createRandom();
    const { certificate, makerSignature } = await certificateFor(maker, two, newKey.address, until);
    await recertifyDevice(two.chain, { certificate, makerSignature, device: two.meter, newKey });
    await changeDevice(three.feeder.meteringOperator, { device: three.meter, step: "retire" });
    await suspend(council, { account: await account(two), until });
    await suspend(council, { account: await account(three), until });
    await reinstate(council, { account: await account(three) });
    await expel(council, { account: await account(four) });
    const metering = await member.signer.getAddress();
    const roles = [MemberRole.MeteringOperator, MemberRole.GridOperator];
    await changeRoles(council, { member: metering, roles });

    const state = await auditChain(chain);
    expect(state.findings).to.deep.equal([]);
    const { devices, admitted } = state;
    expect(devices.get(one.meter)).to.include({ status: BigInt(DeviceStatus.Active), nonce: 2n });
    const recertified = { key: newKey.address, nonce: 1n, claimableUntil: until };
    expect(devices.get(two.meter)).to.include({ status: BigInt(DeviceStatus.Suspended), ...recertified });
    expect(devices.get(three.meter)).to.include({ status: BigInt(DeviceStatus.Retired), nonce: 0n });
    expect(admitted.get(await account(two))).to.include({ suspendedUntil: until, suspendedByCouncil: true });
    expect(admitted.get(await account(three))).to.include({ suspendedUntil: 0n, suspendedByCouncil: false });
    expect(admitted.get(await account(four))?.expelled).to.equal(true);
    expect(admitted.get(metering)?.roles).to.equal(rolesMask(roles));
  });
});

/** A further certificate for a home's meter, from its maker. */
async function certificateFor(
  maker: SigningChain,
  { home, chain, meter }: NeighbourHome,
  deviceKey: string,
  validUntil: bigint,
): Promise<SignedCertificate> {
  const { kind, model } = await chain.contracts.deviceRegistry.deviceAt(meter);
  return signCertificate(maker, maker.signer, {
    maker: maker.signer.address,
    deviceKey,
    kind: Number(kind) as DeviceKind,
    model,
    serialHash: serialHash(getBytes(maker.signer.privateKey), home),
    validFrom: 0n,
    validUntil,
  });
}
