/**
 * Keccak-256 in WebAssembly (hash-wasm) in place of ethers' JavaScript, a tenth of its time, for this whole process or
 * worker. A command imports it beside what it runs; the SDK does not, so that a browser's page keeps what it has.
 */
import { keccak256 } from "ethers";
import { createKeccak } from "hash-wasm";

const hasher = await createKeccak(256);

keccak256.register((bytes) => hasher.init().update(bytes).digest("binary"));
