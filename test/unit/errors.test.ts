import { readdir, readFile } from "node:fs/promises";

import { expect } from "chai";
import { encodeBytes32String, Interface, makeError } from "ethers";

import { errorReference } from "../../scripts/docs/errors.js";
import { CONTRACT_INTERFACES, decodeError } from "../../sdk/contracts.js";
import { ERROR_ADVICE, ERROR_GROUPS } from "../../sdk/error-advice.js";
import { CommonwattError, ErrorDecoder, isCommonwattError, revertDataOf } from "../../sdk/errors.js";
import {
  AccountantSets__factory,
  MissedTurns__factory,
  QbftHeader__factory,
  QbftSeals__factory,
} from "../../typechain-types/index.js";

const {
  SDK: sdkErrors = {},
  "Light verification": lightErrors = {},
  Vault: vaultErrors = {},
  ...contractGroups
} = ERROR_GROUPS;

/** Libraries whose errors `light/` raises too; the contract that will is not deployed yet. */
const LIBRARIES = [AccountantSets__factory, MissedTurns__factory, QbftHeader__factory, QbftSeals__factory].map(
  ({ abi }) => new Interface(abi),
);

/** Every custom error that a deployed contract can raise, with the names of its arguments. */
function declaredErrors(): Map<string, string[]> {
  const errors = new Map<string, string[]>();
  for (const abi of [...Object.values(CONTRACT_INTERFACES), ...LIBRARIES]) {
    abi.forEachError((error) => {
      errors.set(
        error.name,
        error.inputs.map((input) => input.name),
      );
    });
  }
  return errors;
}

function placeholdersOf(name: string): string[] {
  const { why, todo } = ERROR_ADVICE[name] ?? { why: "", todo: "" };
  return [...`${why} ${todo}`.matchAll(/\{(\w+)\}/g)].map(([, placeholder = ""]) => placeholder);
}

async function sources(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".ts"));
  return (await Promise.all(files.map((file) => readFile(`${folder}/${file}`, "utf8")))).join("\n");
}

describe("errors", () => {
  const declared = declaredErrors();
  const abi = CONTRACT_INTERFACES.TradeEscrow;

  it("of the contracts have their advice, each", () => {
    const advised = new Set(Object.values(contractGroups).flatMap((group) => Object.keys(group)));
    expect([...declared.keys()].filter((name) => !advised.has(name))).to.deep.equal([]);
  });

  it("have no advice that no contract can raise", () => {
    const builtIn = new Set(["Error", "Panic"]);
    const advised = Object.values(contractGroups).flatMap((group) => Object.keys(group));
    expect(advised.filter((name) => !declared.has(name) && !builtIn.has(name))).to.deep.equal([]);
  });

  it("have advice that names only their own arguments", () => {
    for (const [name, args] of declared) {
      const foreign = placeholdersOf(name).filter((placeholder) => !args.includes(placeholder));
      expect(foreign, name).to.deep.equal([]);
    }
  });

  it("of the SDK are all raised somewhere", async () => {
    const text = (await Promise.all(["sdk", "light", "scripts/light-node"].map(sources))).join("\n");
    const unused = Object.keys({ ...sdkErrors, ...lightErrors, ...vaultErrors }).filter(
      (name) => !text.includes(`"${name}"`),
    );
    expect(unused).to.deep.equal([]);
  });

  it("stand in one group each", () => {
    const names = Object.values(ERROR_GROUPS).flatMap((group) => Object.keys(group));
    expect(new Set(names).size).to.equal(names.length);
  });

  it("are in docs/errors.md as the table says", async () => {
    expect(await readFile("docs/errors.md", "utf8"), "run npm run docs:errors").to.equal(errorReference());
  });

  it("decode from a contract's revert data, with the values in the text", () => {
    const account = "0x00000000000000000000000000000000000000AA";
    const data = abi.encodeErrorResult("TradeEscrowFreeShort", [account, 5n, 7n]);
    const error = decodeError({ code: "CALL_EXCEPTION", data });
    expect(error.code).to.equal("TradeEscrowFreeShort");
    expect(error.args).to.deep.equal({ account, spendableMicro: 5n, amountMicro: 7n });
    expect(error.message).to.contain(account).and.contain("Deposit more");
    expect(error.advice).to.equal("Deposit more, or order less.");
  });

  it("name a contract's setting in words, and leave a word that is no text", () => {
    const election = CONTRACT_INTERFACES.AccountantElection;
    const setting = encodeBytes32String("seats");
    const error = decodeError({ data: election.encodeErrorResult("ElectionInvalidSetting", [setting]) });
    expect(error.args).to.deep.equal({ setting: "seats" });
    expect(error.message).to.contain("The setting seats of the election").and.contain("4 to 101");
    const noText = `0x${"ff".repeat(32)}`;
    const other = decodeError({ data: election.encodeErrorResult("ElectionInvalidSetting", [noText]) });
    expect(other.args).to.deep.equal({ setting: noText });
  });

  it("decode wherever a provider hides the data, and never take calldata for it", () => {
    const data = abi.encodeErrorResult("TradeEscrowZeroAmount", []);
    const calldata = abi.encodeFunctionData("deposit", [1n]);
    const shapes = [
      { data },
      { error: { data: { data, message: "reverted" } } },
      { info: { error: { code: 3, data } } },
      { cause: { cause: { data } } },
    ];
    for (const shape of shapes) {
      const thrown = { ...shape, transaction: { data: calldata } };
      expect(revertDataOf(thrown)).to.equal(data);
      expect(decodeError(thrown).code).to.equal("TradeEscrowZeroAmount");
    }
    expect(revertDataOf({ transaction: { data: calldata } })).to.equal(undefined);
  });

  it("survive a provider's error that contains itself", () => {
    const thrown: { cause?: unknown } = {};
    thrown.cause = thrown;
    expect(decodeError(thrown).code).to.equal("CallFailed");
  });

  it("decode the compiler's own errors", () => {
    const text = new Interface(["error Error(string)"]).encodeErrorResult("Error", ["no luck"]);
    expect(decodeError({ data: text }).message).to.contain("no luck");
    const panic = new Interface(["error Panic(uint256)"]).encodeErrorResult("Panic", [17n]);
    expect(decodeError({ data: panic }).message).to.contain("panic 17");
  });

  it("of unknown contracts keep their data", () => {
    const data = new Interface(["error Foreign(uint256)"]).encodeErrorResult("Foreign", [1n]);
    const error = decodeError({ data });
    expect(error.code).to.equal("RevertUnknown");
    expect(error.args).to.deep.equal({ data });
  });

  it("of the connection are told from those of a call", () => {
    expect(decodeError(Object.assign(new Error("refused"), { code: "ECONNREFUSED" })).code).to.equal("RpcUnreachable");
    expect(decodeError(new Error("odd")).code).to.equal("CallFailed");
    expect(decodeError("odd").args).to.deep.equal({ reason: "odd" });
  });

  it("say what a node said, where ethers has no word for it", () => {
    const error = { code: -32002, message: "Transaction pool not enabled. (node not yet in sync)." };
    const thrown = makeError("could not coalesce error", "UNKNOWN_ERROR", { error });
    expect(decodeError(thrown).args).to.deep.equal({
      reason: "Transaction pool not enabled. (node not yet in sync)",
    });
  });

  it("pass through when they are decoded already", () => {
    const error = new CommonwattError("SignerMissing");
    expect(decodeError(error)).to.equal(error);
    expect(isCommonwattError(error, "SignerMissing")).to.equal(true);
    expect(isCommonwattError(error, "CallFailed")).to.equal(false);
    expect(isCommonwattError(new Error("odd"))).to.equal(false);
  });

  it("without advice still say where to look", () => {
    const decoder = new ErrorDecoder([new Interface(["error Newer(uint256 value)"])]);
    const data = new Interface(["error Newer(uint256 value)"]).encodeErrorResult("Newer", [4n]);
    const error = decoder.decodeData(data);
    expect(error.code).to.equal("Newer");
    expect(error.message).to.contain("docs/errors.md").and.contain("value=4");
  });
});
