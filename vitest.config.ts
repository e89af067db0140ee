import { defineConfig } from "vitest/config";

/** Tests run against dist/, what users get; worker threads need real files. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: the networks use both already.
    maxWorkers: 2,
  },
});
