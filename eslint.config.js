import js from "@eslint/js";
import { builtinModules } from "node:module";
import tseslint from "typescript-eslint";

const nodeBuiltIns = ["node:*", ...builtinModules.filter((name) => !name.startsWith("_"))];

/** What a folder must not import, and why. `patterns` are gitignore-like, matched against the import's text. */
function mustNotImport(files, ignores, patterns) {
  return {
    files,
    ignores,
    rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns }] },
  };
}

const hardhat = {
  group: ["hardhat", "hardhat/*", "@nomicfoundation/*"],
  message: "Only scripts and tests know Hardhat; take a provider or a contract as a parameter.",
};
const scripts = { group: ["**/scripts/**", "**/deploy/**"], message: "Scripts use the SDK, never the reverse." };
const tests = { group: ["**/test/**"], message: "Only tests import tests." };
const world = {
  group: nodeBuiltIns,
  message: "This folder runs in a browser too: put what touches the machine into sdk/node behind an interface.",
};

export default tseslint.config(
  {
    ignores: [
      "node_modules/",
      "dist/",
      "artifacts/",
      "cache/",
      "out/",
      "coverage/",
      "docs/api/",
      "typechain-types/",
      "test/fixtures/",
    ],
  },
  js.configs.recommended,
  { languageOptions: { globals: { console: "readonly", process: "readonly" } } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true, allowNullish: false },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "no-undef": "off", // TypeScript's own check, and it knows the types
      eqeqeq: "error",
      "prefer-const": "error",
    },
  },
  {
    // Chai's assertions are expressions (`expect(x).to.be.true`).
    files: ["test/**/*.ts"],
    rules: { "@typescript-eslint/no-unused-expressions": "off" },
  },
  mustNotImport(["sdk/**/*.ts", "light/**/*.ts"], ["sdk/node/**"], [world, hardhat, scripts, tests]),
  mustNotImport(["sdk/node/**/*.ts"], [], [hardhat, scripts, tests]),
  mustNotImport(["scripts/**/*.ts"], [], [tests]),
);
