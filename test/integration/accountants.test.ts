import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { id } from "ethers";

import * as sdk from "../../sdk/index.js";
import { AccountantsStage, CANDIDATE_DEPOSIT, CREDIT } from "../utils/accountants.js";
import { runCommand } from "../utils/command.js";

describe("npm run accountants", function () {
  this.timeout(180_000);

  let stage: AccountantsStage;
  let chain: sdk.TransactionChain;

  before(async () => {
    stage = await AccountantsStage.open();
    ({ chain } = stage);
  });

  after(() => stage.close());

  describe("on the transaction chain", () => {
    it("become candidates with a deposit and a node of their own", async () => {
      for (const number of [5, 6, 7, 8]) {
        await stage.admitCandidate(number);
        const text = await stage.done(["register", "--deposit", "100"], stage.secrets(number));
        expect(text).to.contain(`candidate ${number}`).and.contain(stage.nodeKey(number).address);
      }
      expect(await stage.refused(["register", "--deposit", "100"], stage.secrets(5))).to.contain(
        "ElectionAlreadyCandidate",
      );
      const stolen = stage.secrets(5, 6);
      expect(await stage.refused(["change-node"], stolen))
        .to.contain("ElectionNodeTaken")
        .and.contain("candidate 6");
      const candidates = JSON.parse(await stage.done(["candidates", "--json"])) as {
        node: string;
        depositMicro: string;
      }[];
      expect(candidates).to.have.length(8);
      expect(candidates[6]).to.include({ node: stage.nodeKey(7).address, depositMicro: String(CANDIDATE_DEPOSIT) });
    });

    it("get votes with stake out of the escrow, counted from the next epoch", async () => {
      await stage.nextEpoch("transaction");
      const home = ["--as", "home 1"];
      expect(await stage.refused(["vote", "5", ...home])).to.contain("VoteBookNoWeight");
      expect(await stage.refused(["vote", "5", "--stake", "100", ...home])).to.contain("--from-escrow");
      // a ballot that is refused leaves nothing locked, and nothing taken out of the escrow
      const before = await sdk.creditsOf(chain, stage.home("1"));
      const wrong: readonly (readonly [string[], string])[] = [
        [["99"], "ElectionNotCandidate"],
        [["5", "2000"], "ElectionNotCandidate"],
        [["5", "5"], "VoteBookListNotAscending"],
      ];
      for (const [names, problem] of wrong) {
        const args = ["vote", ...names, "--stake", "100", "--from-escrow", ...home];
        expect(await stage.refused(args), names.join()).to.contain(problem);
      }
      expect((await sdk.voterOf(chain, stage.home("1"))).stakeMicro).to.equal(0n);
      expect(await sdk.creditsOf(chain, stage.home("1"))).to.equal(before);
      const text = await stage.done(["vote", "6", "5", "--stake", "100", "--from-escrow", ...home]);
      expect(text).to.contain("votes for 5, 6: 50.00 credits for each").and.contain("epoch");
      // credits borrowed for a block buy nothing: the ballot neither counts yet nor can it be taken back
      expect(await stage.refused(["back-removal", "1", ...home])).to.contain("VoteBookNoCountedWeight");
      expect(await stage.refused(["unvote", ...home])).to.contain("VoteBookBallotFresh");
      expect(await stage.refused(["withdraw-stake", ...home])).to.contain("VoteBookBallotStands");
      await stage.done(["vote", "6", "7", "8", "--stake", "210", "--from-escrow", "--as", "home 2"]);
      await stage.done(["vote", "5", "6", "7", "8", "--stake", "200", "--from-escrow", "--as", "home 3"]);
      const { countedWeight, liveWeight } = await sdk.electionOf(chain);
      expect([countedWeight, liveWeight]).to.deep.equal([0n, 510n * CREDIT]);
      await stage.nextEpoch("transaction");
      expect((await sdk.electionOf(chain)).countedWeight).to.equal(510n * CREDIT);
      expect(await stage.done(["back-removal", "1", ...home])).to.contain("100.00 credits of");
      expect(await stage.refused(["back-removal", "2", ...home])).to.contain("VoteBookRemovalBacked");
      await stage.done(["withdraw-removal", ...home]);
    });

    it("are elected by command, as many in an epoch as may change, and not twice", async () => {
      // without a deposit founders can't stay once ballots meet the turnout floor: f = 1 goes and comes in each epoch
      expect(await stage.done(["elect", "--as", "home 4"])).to.contain("1 left, 1 entered, 4 accountants sit");
      expect(await stage.seated())
        .to.have.length(4)
        .and.to.include(6n);
      expect(await stage.refused(["elect", "--as", "home 4"]))
        .to.contain("ElectionEpochOpen")
        .and.contain("from block");
      for (let epoch = 0; epoch < 3; epoch += 1) {
        await stage.nextEpoch("transaction");
        await stage.done(["elect", "--as", "relayer"]);
      }
      expect(await stage.seated()).to.deep.equal([5n, 6n, 7n, 8n]);
      const { foundersLapsed, validators } = await sdk.electionOf(chain);
      expect(foundersLapsed).to.equal(true);
      expect(validators).to.have.members([5, 6, 7, 8].map((number) => stage.nodeKey(number).address));
    });

    it("need not be elected in every epoch: one that nobody closed is passed over", async () => {
      await stage.nextEpoch("transaction");
      await stage.nextEpoch("transaction");
      const { epoch, lastElection } = await sdk.electionOf(chain);
      expect(epoch).to.equal(lastElection + 2n);
      expect(await stage.done(["status"])).to.contain("whose election is due");
      await stage.done(["elect", "--as", "relayer"]);
      expect((await sdk.electionOf(chain)).lastElection).to.equal(epoch);
      expect(await stage.done(["status"])).to.contain("the next election from block");
    });

    it("show who sits, with what weight, as a table and as JSON", async () => {
      const text = await stage.done(["status", "--as", "home 1"]);
      for (const shown of [
        "4 of 7 seats taken",
        "seated",
        "50.00 credits",
        "stake 100 credits",
        "misses",
        "jail until",
        "deposit 100 credits",
        "a turn lasts",
      ]) {
        expect(text).to.contain(shown);
      }
      const status = JSON.parse(await stage.done(["status", "--json", "--account", stage.home("1")])) as {
        epoch: string;
        validators: string[];
        candidates: { candidate: string; isSeated: boolean; countedWeight: string; score: string; dueMicro: string }[];
        voter: { stakeMicro: string; candidates: string[] };
      };
      expect(status.voter).to.deep.include({ stakeMicro: String(100n * CREDIT), candidates: ["5", "6"] });
      expect(status.candidates[5]).to.include({
        candidate: "6",
        isSeated: true,
        countedWeight: String(170n * CREDIT),
        score: "0",
      });
      expect(status.validators).to.have.length(4);
    });

    it("announce absence within a budget, and ahead of time", async () => {
      const block = BigInt(await chain.provider.getBlockNumber());
      expect(await stage.refused(["absent", "1", "2"], stage.secrets(5))).to.contain("TurnCourtInvalidAbsence");
      expect(await stage.refused(["absent", String(block + 10n), String(block + 100n)], stage.secrets(5))).to.contain(
        "TurnCourtAbsenceSpent",
      );
      await stage.done(["absent", String(block + 10n), String(block + 20n)], stage.secrets(5));
      expect(await stage.done(["status"])).to.contain(`absent ${block + 10n}-${block + 20n}`);
      expect(await stage.refused(["absent", "900", "901", "--as", "home 1"])).to.contain("TurnCourtNotCandidate");
    });

    it("earn for themselves and for who voted for them, and are paid by a claim", async () => {
      const node = stage.nodeKey(6).address;
      // what Settlement does for every slot, here by an account that the deployer lets do it
      const { deployer, relayer, issuer } = stage.network.operators.transaction;
      const { federationAccessManager } = stage.as(deployer).contracts;
      await (await federationAccessManager.grantRole(sdk.AccessRole.Settlement, relayer.address, 0n)).wait();
      const amountMicro = 10n * CREDIT;
      const to = chain.deployment.contracts.AccountingRevenue.address;
      await sdk.issueCredits(stage.as(issuer), { to, amountMicro, paymentReference: id("fees") });
      await (await stage.as(relayer).contracts.accountingRevenue.book(node, amountMicro, chain.defaults)).wait();
      const member = stage.memberKey(6).address;
      expect(await sdk.feesDueTo(chain, member)).to.equal(6n * CREDIT);
      expect(await stage.done(["claim"], stage.secrets(6))).to.contain("was paid 6 credits");
      expect(await stage.refused(["claim"], stage.secrets(6))).to.contain("AccountingFeesNothingToPay");
      // 4 credits for the voters of candidate 6: 50, 70 and 50 credits are behind it
      const home = stage.home("1");
      expect(await stage.done(["claim", "--account", home, "--as", "relayer"])).to.contain("was paid 1.17647 credits");
      expect(await sdk.creditsOf(chain, home)).to.equal(1_176_470n);
      expect(await stage.refused(["claim", "--as", "home 4"])).to.contain("AccountingFeesNothingToPay");
    });

    it("go to jail for a double seal, their deposit with them, until delay and members' vote", async () => {
      await stage.mine("transaction", 1n);
      const evidence = await stage.doubleSeal(stage.nodeKey(7));
      const text = await stage.done(["report-seals", ...evidence, "--as", "home 4"]);
      expect(text).to.contain("Candidate 7").and.contain("deposit is frozen").and.contain("in jail until");
      expect(await stage.done(["status"])).to.contain("jailed, deposit frozen, kept, earns nothing");
      expect(await stage.refused(["report-seals", ...evidence, "--as", "home 4"])).to.contain("TurnCourtSealsJudged");
      expect(await stage.refused(["unjail"], stage.secrets(7))).to.contain("TurnCourtJailRunning");
      await sdk.slashDeposit(stage.council, { candidate: 7n, amountMicro: 30n * CREDIT });
      expect(await sdk.feePoolOf(chain)).to.equal(30n * CREDIT);
      await sdk.assignFeePool(stage.council, { accountant: stage.memberKey(5).address, amountMicro: 30n * CREDIT });
      expect(await stage.done(["claim"], stage.secrets(5))).to.contain("was paid 30 credits");
      await stage.mine("transaction", 2n, 300n);
      expect(await stage.done(["unjail"], stage.secrets(7))).to.contain("Candidate 7 may be elected again");
      // 70 credits are no deposit any more: the election keeps the seat only because nobody follows
      await sdk.transferCredits(stage.as(stage.memberKey(5)), {
        to: stage.memberKey(7).address,
        amountMicro: 30n * CREDIT,
      });
      expect(await stage.done(["add-deposit", "30"], stage.secrets(7))).to.contain("The deposit is 100 credits");
      expect(await stage.done(["vacate", "7", "--as", "home 4"])).to.contain("has its seat still, and earns again");
      expect(await stage.refused(["vacate", "7", "--as", "home 4"])).to.contain("ElectionNothingToVacate");
    });

    it("refuse seals that prove nothing, and files that hold none", async () => {
      const [first] = await stage.doubleSeal(stage.nodeKey(7));
      expect(await stage.refused(["report-seals", first, first, "--as", "home 4"])).to.contain("QbftSealsSameDigest");
      const [, other] = await stage.doubleSeal(stage.nodeKey(8));
      expect(await stage.refused(["report-seals", first, other, "--as", "home 4"])).to.contain(
        "QbftSealsDifferentSigners",
      );
      const [foreign, twin] = await stage.doubleSeal(stage.nodeKey(8), id("another chain"));
      expect(await stage.refused(["report-seals", foreign, twin, "--as", "home 4"])).to.contain(
        "TurnCourtForeignHeader",
      );
      const broken = join(stage.folder, "broken.hex");
      await writeFile(broken, "0x1234");
      expect(await stage.refused(["report-seals", broken, first, "--as", "home 4"])).to.contain(
        "broken.hex: this is no header",
      );
      expect(await stage.refused(["report-seals", "./nowhere", first, "--as", "home 4"])).to.contain(
        "./nowhere: this can't be read",
      );
    });

    it("keep four seats when all resign, and stand again", async () => {
      for (const number of [5, 6, 7, 8]) {
        expect(await stage.done(["resign"], stage.secrets(number))).to.contain("keeps its seat, earning nothing");
      }
      expect(await stage.refused(["resign"], stage.secrets(5))).to.contain("ElectionResigned");
      await stage.nextEpoch("transaction");
      await stage.done(["elect", "--as", "relayer"]);
      expect(await stage.seated(), "nobody to follow: the set stays").to.deep.equal([5n, 6n, 7n, 8n]);
      expect(await stage.refused(["vote", "5", "--as", "home 2"])).to.contain("ElectionResigned");
      for (const number of [5, 6, 7, 8]) await stage.done(["stand"], stage.secrets(number));
      expect(await stage.refused(["stand"], stage.secrets(5))).to.contain("ElectionNotResigned");
      await sdk.setSeats(stage.council, { seats: 5n });
      await assertCode(sdk.setSeats(stage.council, { seats: 3n }), "ElectionInvalidSetting");
    });

    it("give a deposit back to who left, when its delay is over", async () => {
      await stage.admitCandidate(9);
      await stage.done(["register", "--deposit", "100"], stage.secrets(9));
      expect(await stage.refused(["withdraw-deposit"], stage.secrets(9))).to.contain("ElectionNotResigned");
      expect(await stage.done(["resign"], stage.secrets(9))).to.equal("Candidate 9 resigned.");
      expect(await stage.refused(["withdraw-deposit"], stage.secrets(9))).to.contain("ElectionDepositHeld");
      await stage.mine("transaction", 2n, 600n);
      expect(await stage.done(["withdraw-deposit"], stage.secrets(9))).to.contain("100 credits are");
      expect(await sdk.creditsOf(chain, stage.memberKey(9).address)).to.equal(CANDIDATE_DEPOSIT);
      expect(await stage.refused(["withdraw-deposit"], stage.secrets(9))).to.contain("ElectionInvalidAmount");
    });

    it("lose the ballots of those who are admitted no more, whoever says so", async () => {
      const voter = stage.home("3");
      expect(await stage.refused(["drop-ballot", voter, "--as", "home 4"])).to.contain("VoteBookStillAdmitted");
      const registrar = stage.neighbourhood.members.get("Registrar");
      if (registrar === undefined) throw new Error("no registrar");
      await sdk.expel(registrar, { account: voter });
      expect(await stage.done(["drop-ballot", voter, "--as", "home 4"])).to.contain("has ended");
      expect((await sdk.voterOf(chain, voter)).candidates).to.deep.equal([]);
    });

    it("give stake back when its delay is over", async () => {
      expect(await stage.done(["unvote", "--as", "home 1"])).to.contain("The stake of 100 credits is free from");
      expect(await stage.refused(["unvote", "--as", "home 1"])).to.contain("VoteBookNoBallot");
      expect(await stage.refused(["withdraw-stake", "--as", "home 1"])).to.contain("VoteBookStakeLocked");
      await stage.mine("transaction", 2n, 600n);
      // the time has come, two epochs of blocks have not
      expect(await stage.refused(["withdraw-stake", "--as", "home 1"])).to.contain("until block");
      const { unlockBlock } = await sdk.voterOf(chain, stage.home("1"));
      await stage.mine("transaction", unlockBlock - BigInt(await chain.provider.getBlockNumber()));
      expect(await stage.done(["withdraw-stake", "--as", "home 1"])).to.contain("100 credits");
      expect(await stage.refused(["withdraw-stake", "--as", "home 1"])).to.contain("VoteBookZeroAmount");
    });
  });

  describe("on the user chain", () => {
    it("are elected by equal votes of members, without stake and revenue", async () => {
      const on = ["--chain", "user"];
      await stage.nextEpoch("user");
      expect(await stage.done(["vote", "1", "3", ...on, "--as", "accountant1"])).to.contain("0.50 votes for each");
      // of more than ten members one alone is less than the turnout floor
      await stage.done(["vote", "3", ...on, "--as", "accountant3"]);
      expect(await stage.refused(["vote", "1", "--stake", "5", ...on, "--as", "accountant2"])).to.contain("no credits");
      expect(await stage.refused(["claim", ...on, "--as", "accountant2"])).to.contain("no revenue");
      expect(await stage.refused(["withdraw-stake", ...on, "--as", "accountant2"])).to.contain("no stake");
      expect(await stage.refused(["vote", "1", ...on, "--as", "home 1"])).to.contain("VoteBookNotAdmitted");
      await stage.nextEpoch("user");
      expect(await stage.done(["elect", ...on, "--as", "accountant4"])).to.contain("4 accountants sit");
      const status = await stage.done(["status", ...on, "--as", "accountant1"]);
      expect(status).to.contain("founders weigh nothing any more");
      expect(status).to.match(/, candidate [1-4]: votes for 1, 3, 0.50 votes each/);
    });
  });

  describe("missed turns", () => {
    it("can't be reported of a simulated chain, whose headers carry no QBFT data", async () => {
      const latest = BigInt(await chain.provider.getBlockNumber());
      for (const args of [["report-miss"], ["report-miss", String(latest - 5n)]]) {
        expect(await stage.refused([...args, "--as", "relayer"])).to.contain("carries no QBFT data");
      }
    });

    it("older than 256 blocks, or of no block, are refused", async () => {
      const latest = BigInt(await chain.provider.getBlockNumber());
      for (const block of [latest - 256n, latest + 1n, 0n]) {
        const problem = await stage.refused(["report-miss", String(block), "--as", "relayer"]);
        expect(problem).to.contain("TurnCourtBlockOutOfReach").and.contain(String(block));
      }
    });
  });

  describe("bad input", () => {
    it("ends the process with exit code 2", async () => {
      const [bad, help] = await Promise.all([
        runCommand("accountants", ["--network", stage.file, "vote", "many", "--as", "home 1"]),
        runCommand("accountants", ["--help"]),
      ]);
      expect(bad.code).to.equal(2);
      expect(bad.stderr).to.contain("'many'").and.contain("whole number");
      expect(help.code).to.equal(0);
      expect(help.stdout).to.contain("report-miss").and.contain("watch");
    });

    it("is refused by the name of what is wrong", async () => {
      const user = stage.endpoints.user.url;
      if (sdk.isElectionDue(await sdk.electionOf(chain))) await stage.done(["elect", "--as", "relayer"]);
      const cases: readonly (readonly [string[], string])[] = [
        [["elect"], "--as: there is no key to sign with"],
        [["elect", "--as", "nobody"], "--as nobody"],
        [["elect", "--as", "node1", "--keystore", "./nowhere"], "ElectionEpochOpen"],
        [["elect", "--keystore", "./nowhere"], "./nowhere"],
        [["status", "--network", "embedded"], "inside npm start alone"],
        [["status", "--network", "atlantis"], "--network atlantis: there is no deployment file"],
        [["status", "--rpc", user], "ChainIdMismatch"],
        [["status", "--rpc", "http://127.0.0.1:1"], "EndpointUnreachable"],
        [["change-node", "--as", "accountant1"], "--node: the node's key is not given"],
        [["change-node", "--as", "accountant1", "--node", "node1"], "ElectionNodeTaken"],
        [["vote", "10", "--as", "home 2"], "ElectionNotCandidate"],
        [["vote", "5", "5", "--as", "home 2"], "VoteBookListNotAscending"],
        [
          ["vote", ...Array.from({ length: 31 }, (_, index) => String(index + 1)), "--as", "home 2"],
          "VoteBookInvalidBallotSize",
        ],
        [["back-removal", "10", "--as", "home 2"], "ElectionNotCandidate"],
      ];
      for (const [args, problem] of cases) expect(await stage.refused(args), args.join(" ")).to.contain(problem);
      const wrong = await stage.refused(["elect"], { COMMONWATT_PRIVATE_KEY: "0xsecret" });
      expect(wrong).to.contain("COMMONWATT_PRIVATE_KEY").and.not.contain("secret");
      const wrongNode = await stage.refused(["change-node", "--as", "accountant1"], {
        COMMONWATT_NODE_KEY: "0xsecret",
      });
      expect(wrongNode).to.contain("COMMONWATT_NODE_KEY").and.not.contain("secret");
    });
  });
});

/** The code that a promise fails with. */
async function assertCode(promise: Promise<unknown>, code: string): Promise<void> {
  let thrown: unknown;
  try {
    await promise;
  } catch (error) {
    thrown = error;
  }
  expect(sdk.isCommonwattError(thrown, code), String(thrown)).to.equal(true);
}
