import { createRequire } from "node:module";

import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";

const require = createRequire(import.meta.url);

/** `COMMONWATT_LONG=1` (npm run test:long) gives the fuzz and invariant tests the depth they deserve before a release. */
const long = process.env["COMMONWATT_LONG"] === "1";

/** Where a build goes that must not disturb the one in use (scripts/test.mjs); absent: the usual places. */
const buildFolder = process.env["COMMONWATT_BUILD_FOLDER"];

const version = "0.8.37";
// From node_modules: no compiler is ever downloaded.
const path = require.resolve("solc/soljson.js");

// The legacy pipeline: via IR all sources and tests take four times as long to build.
const settings = {
  optimizer: { enabled: true, runs: 10_000 },
  evmVersion: "osaka",
  // No hash of the sources' text at the end: it would change with every comment and with what else is compiled.
  metadata: { bytecodeHash: "none" },
};

/**
 * The few sources whose gas is worth the time (docs/decisions.md). Their tests deploy the artifact through the
 * interface, with Test.sol's `deployCode("File.sol:Name", abi.encode(...))`; a test that imports one would compile it by
 * the legacy pipeline.
 */
const viaIrSources: readonly string[] = [
  "contracts/federation/HeaderAnchors.sol",
  "contracts/transaction-chain/energy/Arrears.sol",
  "contracts/transaction-chain/energy/Clearing.sol",
  "contracts/transaction-chain/energy/EnergyMarket.sol",
  "contracts/transaction-chain/energy/Settlement.sol",
  "contracts/transaction-chain/energy/TradeEscrow.sol",
];

const compiler = {
  compilers: [{ version, path, settings }],
  overrides: Object.fromEntries(
    viaIrSources.map((source) => [source, { version, path, settings: { ...settings, viaIR: true } }]),
  ),
};

/** What both simulated chains share; the limits are those of the Besu network, so that nothing fits here and not there. */
const embeddedChain = {
  type: "edr-simulated",
  chainType: "l1",
  hardfork: "osaka",
  blockGasLimit: 60_000_000,
  transactionGasCap: 16_777_216,
} as const;

/**
 * Hardhat lists artifacts in whatever order the disk answered, and TypeChain writes its indexes in that order: without
 * this the committed types would differ from one machine to the next. Handlers run in the order of `plugins`.
 */
const artifactsInOrder: HardhatPlugin = {
  id: "artifacts-in-order",
  hookHandlers: {
    solidity: () =>
      Promise.resolve({
        default: () =>
          Promise.resolve({
            processArtifactsAfterSuccessfulBuild: (_context, artifactPaths) => {
              // Declared read-only, but it is this build's own list, and there is no other place to give it an order.
              (artifactPaths as string[]).sort();
              return Promise.resolve();
            },
          }),
      }),
  },
};

/** A warning about a package's source is its authors' to mend; among ours it would hide one about ours. */
const warningsOfOurs: HardhatPlugin = {
  id: "warnings-of-ours",
  hookHandlers: {
    solidity: () =>
      Promise.resolve({
        default: () =>
          Promise.resolve({
            invokeSolc: async (context, compiler, input, config, next) => {
              const output = await next(context, compiler, input, config);
              const ours = output.errors?.filter((error) => {
                const { sourceLocation } = error as { sourceLocation?: { file: string } };
                return error.severity === "error" || !(sourceLocation?.file ?? "").startsWith("npm/");
              });
              return ours === undefined ? output : { ...output, errors: ours };
            },
          }),
      }),
  },
};

export default defineConfig({
  plugins: [artifactsInOrder, warningsOfOurs, hardhatToolboxMochaEthers],
  paths: {
    sources: "./contracts",
    ignition: "./deploy",
    tests: { solidity: "./test", mocha: "./test" },
    ...(buildFolder === undefined ? {} : { artifacts: `${buildFolder}/artifacts`, cache: `${buildFolder}/cache` }),
  },
  solidity: {
    // For tests of single contracts, without a Federation.
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
    // One bytecode whatever the profile: the one that is tested is the one that is deployed.
    profiles: { default: compiler, production: compiler },
  },
  typechain: { outDir: buildFolder === undefined ? "typechain-types" : `${buildFolder}/types` },
  networks: {
    // The genesis time is given where the chain is made: hre.network.create({ network, override: { initialDate } }).
    embeddedTransaction: { ...embeddedChain, chainId: 410_001 },
    embeddedUser: { ...embeddedChain, chainId: 410_002 },
    // A real network's: who connects names its endpoint, keys and token (scripts/network/deploy/connect.ts).
    besuTransaction: { type: "http", chainType: "l1", url: "http://127.0.0.1:30301" },
    besuUser: { type: "http", chainType: "l1", url: "http://127.0.0.1:30304" },
  },
  test: {
    mocha: { timeout: 60_000 },
    solidity: {
      isolate: true,
      fsPermissions: { readDirectory: ["./data", "./test/fixtures"] },
      blockGasLimit: 60_000_000,
      fuzz: { runs: long ? 5_000 : 256, seed: "0x636f6d6d6f6e77617474" },
      invariant: { runs: long ? 256 : 32, depth: long ? 128 : 32, failOnRevert: false },
    },
  },
});
