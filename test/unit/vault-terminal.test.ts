import { EventEmitter } from "node:events";

import { expect } from "chai";

import { readHidden } from "../../scripts/vault/terminal.js";

/** Stands for a terminal. */
class Keyboard extends EventEmitter {
  isRaw = false;
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw;
  }
  type(...keys: (string | Uint8Array)[]): void {
    for (const key of keys) this.emit("data", Buffer.from(key));
  }
}

describe("a password on the terminal", () => {
  let keyboard: Keyboard;
  let shown: string;
  beforeEach(() => {
    keyboard = new Keyboard();
    shown = "";
  });

  const ask = (): Promise<string> => readHidden(keyboard, (text) => (shown += text), "Password: ");

  it("is taken unseen, key by key, with corrections, up to Enter", async () => {
    const password = ask();
    expect(keyboard.isRaw).to.equal(true);
    const umlaut = Buffer.from("ü");
    keyboard.type(
      "corre",
      "cx",
      "\u007f",
      "t ",
      umlaut.subarray(0, 1),
      umlaut.subarray(1),
      "\b",
      "😀",
      "\u007f",
      "horse\rrest",
    );
    expect(await password).to.equal("correct horse");
    expect(shown).to.equal("Password: \n");
    expect(keyboard.isRaw).to.equal(false);
    expect(keyboard.listenerCount("data")).to.equal(0);
  });

  it("is not given by Control-C, Control-D or the end of the input, and the terminal is as before", async () => {
    for (const end of ["\u0003", "\u0004", undefined]) {
      const password = ask().then(
        () => "",
        (error: unknown) => (error as Error).message,
      );
      if (end === undefined) keyboard.emit("end");
      else keyboard.type("secret", end);
      const message = await password;
      expect(message).to.contain("no password was given").and.not.contain("secret");
      expect(keyboard.isRaw).to.equal(false);
    }
  });
});
