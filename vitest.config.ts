import { defineConfig } from "vitest/config";

/** Tests run against dist/, what users get; worker threads need real files. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/global-setup.ts",
    // Node loads it, as in use; Vite would transform it for every file of tests.
    server: { deps: { external: [/\/dist\//] } },
    // For what never ends. A busy machine is no failure.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    // Two cores: the networks use both already.
    maxWorkers: 2,
  },
});
