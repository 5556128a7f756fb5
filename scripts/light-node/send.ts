/** Passing a signed transaction on. Nobody can prove that it will be in a block; its receipt shows that it is. */
import { CommonwattError } from "../../sdk/errors.js";
import type { Peers } from "./peers.js";
import { PeerRefusal } from "./rpc-peer.js";
import { NOT_PROVEN, RpcFailure } from "./rpc-params.js";

/** To all peers at once, so that none can hold it back. RpcFailure, a node's own where one refuses, if none takes it. */
export async function sendTransaction(peers: Peers, raw: string, hash: string): Promise<string> {
  const outcomes = await Promise.all(
    peers.trusted.map(async (peer) => {
      try {
        const told = await peer.ask("eth_sendRawTransaction", [raw]);
        if (typeof told === "string" && told.toLowerCase() === hash) return true;
        throw new CommonwattError("LightSentOther", { hash, told: String(told).slice(0, 80) });
      } catch (error) {
        if (error instanceof PeerRefusal) return error;
        peers.note(peer, `transaction ${hash}`, error);
        return false;
      }
    }),
  );
  if (outcomes.includes(true)) return hash;
  const refusal = outcomes.find((outcome) => outcome instanceof PeerRefusal);
  if (refusal === undefined) throw new RpcFailure(NOT_PROVEN, "no peer takes the transaction");
  throw new RpcFailure(refusal.code, refusal.message, { cause: refusal });
}
