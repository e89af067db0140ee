import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import type { Inspection, Outcome } from "#uflow/inspect/index.js";
import { streamInOrder } from "#uflow/inspect/stream.js";

/** An outcome that says which frame it is of. */
const outcome = (name: unknown) => ({ verdict: "good", model: name }) as unknown as Inspection;
const nameOf = (each: Outcome) => (each as Inspection).model;

/** Inspects frames, which are names, after so many milliseconds as `times` says of them. */
function inspecting(times: Record<string, number> = {}) {
  const state = { asked: [] as string[], underWay: 0, most: 0 };
  const inspect = async (frame: unknown) => {
    const name = frame as string;
    state.asked.push(name);
    state.underWay += 1;
    state.most = Math.max(state.most, state.underWay);
    await sleep(times[name] ?? 1);
    state.underWay -= 1;
    return outcome(name);
  };
  return { state, inspect };
}

async function collect(stream: AsyncIterable<Outcome & { frame: number }>) {
  const all = [];
  for await (const each of stream) all.push(each);
  return all;
}

describe("a stream", () => {
  it.each(["sync", "async"])("keeps the order of a %s iterable", async (kind) => {
    const names = ["a", "b", "c", "d"];
    const frames =
      kind === "sync"
        ? names
        : (async function* () {
            yield* names;
          })();
    const { inspect } = inspecting({ a: 30, b: 1, c: 20 });
    const all = await collect(streamInOrder(frames, { inspect, ahead: 3 }));
    expect(all.map(nameOf)).toEqual(names);
    expect(all.map(({ frame }) => frame)).toEqual([0, 1, 2, 3]);
  });

  it("is empty of nothing", async () => {
    expect(await collect(streamInOrder([], { inspect: inspecting().inspect, ahead: 3 }))).toEqual([]);
  });

  it("takes no more ahead than it may, and goes no further while nobody reads", async () => {
    const { state, inspect } = inspecting();
    const names = Array.from({ length: 20 }, (_, i) => `${i}`);
    const stream = streamInOrder(names, { inspect, ahead: 3 });
    await stream.next();
    await sleep(30);
    expect(state.asked.length).toBeLessThanOrEqual(4);
    await collect(stream);
    expect(state.asked).toEqual(names);
    expect(state.most).toBe(3);
  });

  it("gives an outcome before the source has the next frame", async () => {
    let give!: () => void;
    const later = new Promise<void>((resolve) => {
      give = resolve;
    });
    async function* camera() {
      yield "first";
      await later;
      yield "second";
    }
    const stream = streamInOrder(camera(), { inspect: inspecting().inspect, ahead: 4 });
    expect(nameOf((await stream.next()).value!)).toBe("first");
    give();
    expect(nameOf((await stream.next()).value!)).toBe("second");
    expect((await stream.next()).done).toBe(true);
  });

  it("calls a frame that fails undecided, and goes on", async () => {
    const inspect = async (frame: unknown) => {
      if (frame === "bad") throw new UflowError("ERR_UFLOW_BAD_IMAGE", "it is torn");
      return outcome(frame);
    };
    const all = await collect(streamInOrder(["a", "bad", "b"], { inspect, ahead: 2 }));
    expect(all[1]).toEqual({
      frame: 1,
      verdict: "undecided",
      reason: "failed",
      error: { code: "ERR_UFLOW_BAD_IMAGE", message: "it is torn" },
    });
    expect(all.map(({ verdict }) => verdict)).toEqual(["good", "undecided", "good"]);
  });

  it("throws what its source throws, after the outcomes of its frames", async () => {
    async function* camera() {
      yield "a";
      yield "b";
      throw new Error("the cable is loose");
    }
    const seen: string[] = [];
    const reading = (async () => {
      for await (const each of streamInOrder(camera(), { inspect: inspecting().inspect, ahead: 3 })) {
        seen.push(nameOf(each));
      }
    })();
    await expect(reading).rejects.toThrow("the cable is loose");
    expect(seen).toEqual(["a", "b"]);
  });

  it("tells why it stopped, whatever its source throws when it is closed", async () => {
    const controller = new AbortController();
    const source = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false as const, value: "a" }),
        return(): never {
          throw new Error("closing fails");
        },
      }),
    };
    const reading = (async () => {
      const to = { inspect: inspecting().inspect, ahead: 1, signal: controller.signal };
      for await (const _ of streamInOrder(source, to)) controller.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
  });

  it("takes no frame when it was stopped before", async () => {
    let taken = 0;
    const source = (function* () {
      for (;;) yield `${taken++}`;
    })();
    const to = { inspect: inspecting().inspect, ahead: 3, signal: AbortSignal.abort() };
    await expect(collect(streamInOrder(source, to))).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
    expect(taken).toBe(0);
  });

  it("ends with the inspector", async () => {
    const inspect = async () => {
      throw new UflowError("ERR_UFLOW_CLOSED", "closed");
    };
    await expect(collect(streamInOrder(["a", "b"], { inspect, ahead: 2 }))).rejects.toMatchObject({
      code: "ERR_UFLOW_CLOSED",
    });
  });

  it("closes its source and waits for what is under way when the reader leaves", async () => {
    let closed = false;
    async function* camera() {
      try {
        for (let i = 0; ; i++) yield `${i}`;
      } finally {
        closed = true;
      }
    }
    const { state, inspect } = inspecting();
    for await (const _ of streamInOrder(camera(), { inspect, ahead: 3 })) break;
    expect(state.underWay).toBe(0);
    expect(closed).toBe(true);
  });

  it("stops at its signal, though the source has nothing more and nobody asks", async () => {
    const controller = new AbortController();
    async function* camera() {
      yield "a";
      await new Promise(() => {});
    }
    const { signal } = controller;
    const stream = streamInOrder(camera(), { inspect: inspecting().inspect, ahead: 3, signal });
    await stream.next();
    const waiting = stream.next();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
    expect((await stream.next()).done).toBe(true);
  });
});
