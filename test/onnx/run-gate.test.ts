import { once } from "node:events";
import { expect, it } from "vitest";
import { startGatedThread } from "#uflow/onnx/run-gate.js";

it("listens to the process's exit once for many threads, and not at all after their end", async () => {
  const before = process.listenerCount("exit");
  const threads = Array.from({ length: 12 }, () => startGatedThread(new URL("data:text/javascript,"), {}));
  expect(process.listenerCount("exit")).toBe(before + 1);
  await Promise.all(threads.map((thread) => once(thread, "exit")));
  expect(process.listenerCount("exit")).toBe(before);
});

it("forgets a thread that has failed before its failure is told", async () => {
  const before = process.listenerCount("exit");
  const thread = startGatedThread(new URL("data:text/javascript,throw new Error('broken')"), {});
  await new Promise((resolve) => thread.on("error", resolve));
  expect(process.listenerCount("exit")).toBe(before);
});
