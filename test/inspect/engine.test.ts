import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { writeModel } from "#uflow/bundle/write.js";
import {
  type Comparison,
  type ImageSource,
  type Inspection,
  Inspector,
  type InspectorOptions,
  type StreamOutcome,
} from "#uflow/inspect/index.js";
import { Random } from "#uflow/random.js";
import { inputSize, randomModel } from "../fixtures/random-model.js";

let folder: string;
let first: string;
let second: string;
let broken: string;
/** With the options of `open()`, for tests that neither swap its model, nor harm its lane, nor count what it did. */
let common: Inspector;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-engine-"));
  first = join(folder, "first.uflow");
  second = join(folder, "second.uflow");
  broken = join(folder, "broken.uflow");
  await writeModel(first, randomModel({ seed: 1 }));
  await writeModel(second, randomModel({ seed: 2 }));
  await writeFile(broken, "no model");
  common = await open();
});

afterAll(async () => {
  await common.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await common.drain();
});

const random = new Random(4);
const picture = (side = inputSize) => ({
  data: Uint8Array.from({ length: 3 * side ** 2 }, () => random.below(256)),
  width: side,
  height: side,
  channels: 3 as const,
});
const pictures = Array.from({ length: 12 }, () => picture());

const open = (options: InspectorOptions = {}) =>
  Inspector.open(first, { device: "cpu", threads: 1, ...options });
const verdict = ({ timings: _, ...rest }: Inspection) => rest;

let verdicts: Promise<ReturnType<typeof verdict>[]> | undefined;

/** The verdicts on the pictures by the first model, one at a time. */
function alone(): Promise<ReturnType<typeof verdict>[]> {
  verdicts ??= (async () => {
    const all = [];
    for (const image of pictures) all.push(verdict(await common.inspect(image)));
    return all;
  })();
  return verdicts;
}

/** Ends a thread by an error in it, when it listens next. */
const poison = { kind: "batch", model: 999, batch: 999, frames: [{}] };

/** The threads of what is opened from now on, which can be made to fail. */
function threads() {
  const posted = vi.spyOn(Worker.prototype, "postMessage");
  return {
    kill: (place: number) => {
      const workers = [...new Set(posted.mock.contexts)] as Worker[];
      workers.at(place)!.postMessage(poison);
    },
  };
}

/**
 * The threads of what is opened from now on fail when they are given one of the next so many batches: just before it, since
 * just after it they may have answered.
 */
function fragile(deaths: number): void {
  const { postMessage } = Worker.prototype;
  let left = deaths;
  vi.spyOn(Worker.prototype, "postMessage").mockImplementation(function (this: Worker, message, transfer) {
    if (message.kind === "batch" && left-- > 0) postMessage.call(this, poison);
    postMessage.call(this, message, transfer as never);
  });
}

describe.each([
  { lanes: 1, batchSize: 4 },
  { lanes: 2, batchSize: 1 },
  { lanes: 3, batchSize: 5, batchWait: 20 },
])("with %j", (options) => {
  let inspector: Inspector;
  beforeAll(async () => {
    inspector = await open(options);
  });
  afterAll(() => inspector.close());

  it("gives each image its own verdict, to float rounding", async () => {
    const together = await Promise.all(pictures.map((image) => inspector.inspect(image)));
    const wanted = await alone();
    for (const [i, inspection] of together.entries()) {
      expect(inspection.anomalyScore).toBeCloseTo(wanted[i]!.anomalyScore, 5);
      expect(inspection.logNfa).toBeCloseTo(wanted[i]!.logNfa, 3);
      expect(inspection.regions.length).toBe(wanted[i]!.regions.length);
      if (options.batchSize === 1) expect(verdict(inspection)).toEqual(wanted[i]);
    }
    expect(inspector.stats).toMatchObject({ accepted: 12, queued: 0, underWay: 0, lanes: options.lanes });
  });

  it("streams in order", async () => {
    const scores: number[] = [];
    for await (const outcome of inspector.stream(pictures)) {
      expect(outcome.frame).toBe(scores.length);
      if (outcome.verdict !== "undecided") scores.push(outcome.anomalyScore);
    }
    const wanted = await alone();
    expect(scores).toHaveLength(12);
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(wanted[i]!.anomalyScore, 5);
  });
});

it("takes as many lanes as are fastest here when it is told to measure", async () => {
  await using inspector = await open({ lanes: "auto" });
  expect(inspector.stats.lanes).toBeGreaterThanOrEqual(1);
  expect(inspector.stats.lanes).toBeLessThanOrEqual(availableParallelism());
  expect(verdict(await inspector.inspect(pictures[0]!))).toEqual((await alone())[0]);
});

describe("a batch", () => {
  it("has no victims when one of its images is bad", async () => {
    await using inspector = await open({ batchSize: 4, batchWait: 50 });
    const images: ImageSource[] = [pictures[0]!, "/nowhere.png", { data: () => 0 } as never, pictures[1]!];
    const outcomes = await Promise.allSettled(images.map((image) => inspector.inspect(image)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    const refused = { reason: { code: "ERR_UFLOW_BAD_IMAGE" } };
    expect(outcomes[1]).toMatchObject(refused);
    expect(outcomes[2]).toMatchObject(refused);
    expect(inspector.stats).toMatchObject({ accepted: 4, failed: 2, queued: 0, underWay: 0 });
  });

  it("is not waited for longer than it may", async () => {
    await using inspector = await open({ batchSize: 100, batchWait: 30 });
    await inspector.inspect(pictures[0]!);
    expect(inspector.stats.latency!.wait.p50).toBeGreaterThan(25);
  });
});

describe("a deadline", () => {
  it("that passes makes an image undecided, at once and for good", async () => {
    await using inspector = await open();
    const before = performance.now();
    const many = pictures.map((image) => inspector.inspect(image, { deadline: 1e-3 }));
    const outcomes = await Promise.all(many);
    expect(performance.now() - before).toBeLessThan(5000);
    for (const outcome of outcomes) {
      expect(outcome).toEqual({
        verdict: "undecided",
        reason: "deadline",
        error: { code: "ERR_UFLOW_DEADLINE", message: expect.stringContaining("0.001 ms") },
      });
      expect(outcome).not.toHaveProperty("anomalous");
    }
    await inspector.drain();
    expect(inspector.stats).toMatchObject({ accepted: 12, undecided: 12, good: 0, queued: 0 });
  });

  it("that is far changes nothing", async () => {
    const outcome = await common.inspect(pictures[0]!, { deadline: 60_000 });
    expect(outcome.verdict !== "undecided" && verdict(outcome)).toEqual((await alone())[0]);
  });

  it("holds though the event loop is blocked when the verdict comes", async () => {
    await common.inspect(pictures[0]!);
    const outcome = common.inspect(pictures[0]!, { deadline: 250 });
    const blockedUntil = performance.now() + 400;
    while (performance.now() < blockedUntil);
    expect((await outcome).verdict).toBe("undecided");
  });

  it("belongs to each frame of a stream", async () => {
    const seen: string[] = [];
    for await (const { verdict: each } of common.stream(pictures, { deadline: 1e-3 })) seen.push(each);
    expect(seen).toEqual(pictures.map(() => "undecided"));
  });
});

describe("a queue", () => {
  it("refuses what it has no room for, and takes it later", async () => {
    await using inspector = await open({ queueSize: 2 });
    const asked = pictures.map((image) => inspector.inspect(image));
    const outcomes = await Promise.allSettled(asked);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    for (const each of refused) {
      expect(each).toMatchObject({
        reason: { code: "ERR_UFLOW_BUSY", message: expect.stringMatching(/2 images wait/) },
      });
    }
    const { accepted, refused: counted, good, anomalous } = inspector.stats;
    expect(counted).toBe(refused.length);
    expect(accepted + counted).toBe(12);
    expect(good + anomalous).toBe(accepted);
    await inspector.inspect(pictures[0]!);
  });

  it("is never too small for a stream", async () => {
    await using inspector = await open({ queueSize: 1 });
    let frames = 0;
    for await (const { verdict: each } of inspector.stream(pictures)) if (each !== "undecided") frames += 1;
    expect(frames).toBe(12);
  });

  it("lets no station wait for all of another's images", async () => {
    const order: string[] = [];
    const ask = (station: string) =>
      common.inspect(pictures[0]!, { station }).then(() => order.push(station));
    await Promise.all([...pictures.map(() => ask("many")), ask("few")]);
    expect(order.indexOf("few")).toBeLessThan(6);
  });

  it("gives back what is withdrawn", async () => {
    await using inspector = await open();
    const controller = new AbortController();
    const { signal } = controller;
    const asked = pictures.map((image) => inspector.inspect(image, { signal }));
    controller.abort();
    for (const outcome of await Promise.allSettled(asked)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ERR_UFLOW_ABORTED" } });
    }
    await expect(inspector.inspect(pictures[0]!, { signal })).rejects.toMatchObject({
      code: "ERR_UFLOW_ABORTED",
    });
    expect(inspector.stats).toMatchObject({ accepted: 12, withdrawn: 12, queued: 0 });
    await inspector.inspect(pictures[0]!);
  });
});

describe("a lane that dies", () => {
  it("is replaced, and its images are inspected all the same", async () => {
    fragile(1);
    await using inspector = await open();
    const asked = pictures.map((image) => inspector.inspect(image));
    expect((await Promise.all(asked)).map(verdict)).toEqual(await alone());
    const { stats } = inspector;
    expect(stats).toMatchObject({ replacedLanes: 1, lanes: 1, failed: 0 });
    expect(stats.retried).toBeGreaterThan(0);
    expect(stats.lastProblem).toMatch(/lane's thread failed/);
  });

  it("while nobody asks is replaced, too", async () => {
    const { kill } = threads();
    await using inspector = await open();
    await inspector.inspect(pictures[0]!);
    kill(0);
    await expect.poll(() => inspector.stats.replacedLanes).toBe(1);
    expect(verdict(await inspector.inspect(pictures[1]!))).toEqual((await alone())[1]);
  });

  it("leaves the others at work", async () => {
    const { kill } = threads();
    await using inspector = await open({ lanes: 2 });
    const asked = pictures.map((image) => inspector.inspect(image));
    kill(0);
    expect((await Promise.all(asked)).map(verdict)).toEqual(await alone());
    await expect.poll(() => inspector.stats.lanes).toBe(2);
  });

  it("twice with the same image reports it, and the next ones are inspected", async () => {
    fragile(2);
    await using inspector = await open();
    await expect(inspector.inspect(pictures[0]!)).rejects.toMatchObject({
      code: "ERR_UFLOW_LANE",
      message: expect.stringContaining("so did the one that tried it again"),
    });
    expect(verdict(await inspector.inspect(pictures[1]!))).toEqual((await alone())[1]);
    expect(inspector.stats).toMatchObject({ failed: 1, retried: 1, good: 1 });
  });

  it("again and again ends in an error, not in silence", async () => {
    fragile(Number.POSITIVE_INFINITY);
    await using inspector = await open();
    const outcomes = await Promise.allSettled(pictures.map((image) => inspector.inspect(image)));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ERR_UFLOW_LANE" } });
    }
    expect(inspector.stats).toMatchObject({ accepted: 12, failed: 12, queued: 0, underWay: 0 });
  });

  it("takes an image with it whose memory was handed over, and says so", async () => {
    fragile(1);
    await using inspector = await open();
    const outcome = inspector.inspect(picture(), { transfer: true });
    await expect(outcome).rejects.toMatchObject({
      code: "ERR_UFLOW_LANE",
      message: expect.stringContaining("handed over"),
    });
    await inspector.inspect(pictures[0]!);
  });

  it("does not keep close() from coming to its end", async () => {
    const { kill } = threads();
    const inspector = await open();
    const asked = pictures.map((image) => inspector.inspect(image));
    const closed = inspector.close();
    kill(0);
    expect(await Promise.all(asked)).toHaveLength(12);
    await closed;
  });
});

describe("a swap", () => {
  it("comes between two images, and none is lost", async () => {
    await using inspector = await open();
    const old = inspector.model;
    const asked: Promise<Inspection>[] = [];
    let swapped = false;
    const swap = inspector.swap(second).then(() => {
      swapped = true;
    });
    while (!swapped) {
      asked.push(inspector.inspect(pictures[asked.length % 12]!));
      await sleep(2);
    }
    await swap;
    const after = await inspector.inspect(pictures[0]!);
    expect(inspector.model).not.toBe(old);
    expect(after.model).toBe(inspector.model);
    const models = (await Promise.all(asked)).map(({ model }) => model);
    expect(models[0]).toBe(old);
    expect(models).toEqual(models.toSorted((a, b) => Number(a !== old) - Number(b !== old)));
    expect(inspector.stats.accepted).toBe(asked.length + 1);
    expect(inspector.stats.good + inspector.stats.anomalous).toBe(asked.length + 1);
  });

  it("keeps a stream going", async () => {
    await using inspector = await open();
    const models: string[] = [];
    async function* camera() {
      for (const image of pictures) yield image;
      await inspector.swap(second);
      for (const image of pictures) yield image;
    }
    for await (const outcome of inspector.stream(camera())) {
      if (outcome.verdict !== "undecided") models.push(outcome.model);
    }
    expect(models).toHaveLength(24);
    expect(new Set(models.slice(0, 12)).size).toBe(1);
    expect(new Set(models.slice(12))).toEqual(new Set([inspector.model]));
  });

  it("after another, twenty times under load, loses no frame, and each is decided as by its model alone", async () => {
    await using inspector = await open();
    const sums = new Set([inspector.model]);
    let swapping = true;
    async function* camera() {
      for (let i = 0; swapping; i++) {
        yield pictures[i % 12]!;
        await sleep(2);
      }
    }
    const outcomes: StreamOutcome[] = [];
    const streaming = (async () => {
      for await (const outcome of inspector.stream(camera())) outcomes.push(outcome);
    })();
    const latest = () => Object(outcomes.at(-1)).model;
    for (let i = 0; i <= 20; i++) {
      if (i > 0) await inspector.swap(i % 2 ? second : first);
      sums.add(inspector.model);
      while (latest() !== inspector.model) await sleep(2);
    }
    swapping = false;
    await streaming;
    const { accepted, good, anomalous, refused, retried } = inspector.stats;
    expect({ accepted, decided: good + anomalous }).toEqual({
      accepted: outcomes.length,
      decided: outcomes.length,
    });
    expect({ refused, retried }).toEqual({ refused: 0, retried: 0 });
    const known = await alone();
    const models = outcomes.map((outcome, place) => {
      if (outcome.verdict === "undecided") throw new Error(outcome.error.message);
      const { frame, ...inspection } = outcome;
      expect(frame).toBe(place);
      // Faster than toEqual(), of thousands.
      const own = outcome.model === known[0]!.model;
      if (own) expect(isDeepStrictEqual(verdict(inspection), known[place % 12])).toBe(true);
      return outcome.model;
    });
    expect(new Set(models)).toEqual(sums);
    expect(models.filter((model, i) => i > 0 && model !== models[i - 1])).toHaveLength(20);
  });

  it("to what is no model changes nothing", async () => {
    await using inspector = await open();
    const { model } = inspector;
    await expect(inspector.swap(broken)).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_MODEL" });
    expect(inspector.model).toBe(model);
    expect(verdict(await inspector.inspect(pictures[0]!))).toEqual((await alone())[0]);
    await inspector.swap(second);
  });

  it("after another takes place after it; after close() not at all", async () => {
    const inspector = await open();
    const old = inspector.model;
    await Promise.all([inspector.swap(second), inspector.swap(first)]);
    expect(inspector.model).toBe(old);
    await inspector.close();
    await expect(inspector.swap(second)).rejects.toMatchObject({ code: "ERR_UFLOW_CLOSED" });
  });

  it("leaves no threads behind", async () => {
    const count = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
    const before = count();
    const inspector = await open();
    for (let i = 0; i < 4; i++) await inspector.swap(i % 2 ? first : second);
    await inspector.drain();
    expect(count()).toBe(before + 1);
    await inspector.close();
    expect(count()).toBe(before);
  });
});

describe("a shadow", () => {
  it("compares and decides nothing", async () => {
    const comparisons: Comparison[] = [];
    const shadow = await common.shadow(second, { onComparison: (each) => comparisons.push(each) });
    const own = [];
    for (const image of pictures) own.push(verdict(await common.inspect(image)));
    expect(own).toEqual(await alone());
    await shadow.close();
    const { compared, agreed, onlyLive, onlyCandidate, skipped, failed } = shadow.stats;
    expect(compared + skipped).toBe(12);
    expect(compared).toBeGreaterThan(0);
    expect(failed).toBe(0);
    expect(agreed + onlyLive + onlyCandidate).toBe(compared);
    expect(comparisons).toHaveLength(compared);
    for (const { live, candidate } of comparisons) {
      expect(live.model).toBe(common.model);
      expect(candidate.model).toBe(shadow.model);
    }
    await common.inspect(pictures[0]!);
    expect(shadow.stats.compared).toBe(compared);
  });

  it("looks at the share that it is told, and at the caller's memory no longer than the call", async () => {
    await using shadow = await common.shadow(second, { share: 0.5 });
    for (const { data, ...rest } of pictures) {
      const mine = data.slice();
      const outcome = common.inspect({ data: mine, ...rest }, { transfer: true });
      if (mine.length > 0) mine.fill(0);
      await outcome;
      await sleep(5);
    }
    expect(shadow.stats.compared + shadow.stats.skipped).toBeLessThanOrEqual(12);
    expect(shadow.stats.skipped).toBeGreaterThanOrEqual(6);
  });

  it("whose callback throws disturbs nothing, and warns", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const onComparison = () => {
      throw new Error("the disk is full");
    };
    const shadow = await common.shadow(second, { onComparison });
    await common.inspect(pictures[0]!);
    await shadow.close();
    expect(shadow.stats.compared).toBe(1);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining("the disk is full"));
  });

  it("that is no model, or with wrong options, is refused", async () => {
    await expect(common.shadow(broken)).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_MODEL" });
    const wrong = common.shadow(second, { share: 2, onComparison: 5 as never });
    await expect(wrong).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/share.*onComparison/s),
    });
  });
});

it("refuses to stream what is no iterable of images, at once", () => {
  for (const frames of [undefined, null, 5, "part.png", new Uint8Array(9), {}, () => {}]) {
    expect(() => common.stream(frames as never), String(frames)).toThrow(/expected an iterable of images/);
  }
});

it("calls a frame undecided that throws when it is read, and goes on with the next", async () => {
  const hostile = {
    get data(): Uint8Array {
      throw new Error("no data");
    },
    width: 1,
    height: 1,
    channels: 1 as const,
  };
  const all = [];
  for await (const each of common.stream([hostile, pictures[0]!])) all.push(each);
  expect(all[0]).toMatchObject({ verdict: "undecided", error: { code: "ERR_UFLOW_BAD_IMAGE" } });
  expect(all[1]!.verdict).not.toBe("undecided");
});

it("says when there is no memory for a copy, and goes on", async () => {
  await using inspector = await open();
  const image = picture(300);
  const whole = globalThis.SharedArrayBuffer;
  vi.stubGlobal(
    "SharedArrayBuffer",
    class extends whole {
      constructor(length: number) {
        if (length > 2 ** 16) throw new RangeError("Array buffer allocation failed");
        super(length);
      }
    },
  );
  try {
    await expect(inspector.inspect(image)).rejects.toMatchObject({ code: "ERR_UFLOW_MEMORY" });
  } finally {
    vi.unstubAllGlobals();
  }
  expect((await inspector.inspect(image)).verdict).not.toBe("undecided");
  expect(inspector.stats).toMatchObject({ accepted: 2, failed: 1 });
});

it("refuses wrong options of an inspection", async () => {
  const wrong = { deadline: -1, station: 5, priority: 0, transfer: "yes", extra: 1 };
  const refused = common.inspect(pictures[0]!, wrong as never);
  await expect(refused).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_OPTION" });
  const { message } = await refused.catch((error) => error);
  for (const name of Object.keys(wrong)) expect(message).toContain(name);
});
