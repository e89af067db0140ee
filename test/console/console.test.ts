import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Service } from "#uflow/index.js";
import { newKey } from "#uflow/serve/keys.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { launch, noBrowser } from "./browser.js";
import { pictures, says, send, serve } from "./line.js";

/** The console as it is built, in a real browser, with a real service. */
describe.skipIf(noBrowser)("the console", () => {
  let tiny: TinyModel;
  let service: Service;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let image: Awaited<ReturnType<typeof pictures>>;
  /** What the page complained about, and what it asked others than `home` for. */
  let problems: string[];
  let home: string;

  beforeAll(async () => {
    [tiny, browser] = await Promise.all([tinyModel(), launch()]);
    image = await pictures(tiny);
    service = await serve(tiny);
    await send(service, image.good, "first.png", "press");
    await send(service, image.hole, "second.png", "press");
    await send(service, image.good, "third.png", "lathe");
  });

  afterEach(async () => {
    await context?.close();
    expect(problems).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await service?.close();
    await tiny?.[Symbol.asyncDispose]();
  });

  /** Opens the page after a good part has passed. */
  async function open(view = "line", { width = 1280, height = 800 } = {}): Promise<void> {
    const { url } = service;
    home = url;
    problems = [];
    await send(service, image.good, "good.png");
    context = await browser.newContext({ viewport: { width, height } });
    page = await context.newPage();
    page.on("console", (message) => {
      const expected = /Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE/.test(message.text());
      if (message.type() === "error" && !expected) problems.push(message.text());
    });
    page.on("pageerror", ({ message }) => problems.push(message));
    page.on("request", (request) => request.url().startsWith(home) || problems.push(request.url()));
    await page.goto(`${url}/#${view}`);
    await says(page, ".badge", "Good");
  }

  const press = (key: string) => page.keyboard.press(key);
  const word = "uflow-verdict strong";
  const contours = () => page.locator(".contour").count();

  it("shows the newest frame, its numbers and the last ones, by itself", async () => {
    await open();
    await says(page, word, "Good");
    await send(service, image.hole, "live.png", "press");
    await says(page, word, "Anomalous");
    await says(page, "uflow-facts", /live\.png · 64 × 64/);
    await says(page, "uflow-facts", /press/);
    expect(await contours()).toBeGreaterThan(0);
    expect(await page.locator(".picture img").count()).toBe(2);
    await expect.poll(() => page.locator("uflow-strip li").count()).toBeGreaterThan(3);
    await says(page, "[aria-live=assertive]", /^Anomalous, log NFA [−\d.]+, \d\d:/);
  });

  it("holds a frame while it is paused, and goes on", async () => {
    await open();
    await says(page, "uflow-facts", /\.png/);
    await press("Space");
    await says(page, "uflow-verdict", /Held/);
    const before = await page.locator("uflow-facts").textContent();
    await send(service, image.good, "later.png");
    await says(page, ".badge", "Good");
    expect(await page.locator("uflow-facts").textContent()).toBe(before);
    await press("ArrowRight");
    await expect.poll(() => page.locator("uflow-facts").textContent()).not.toBe(before);
    await press("Space");
    await says(page, "uflow-facts", /later\.png/);
    await says(page, "uflow-verdict", /Live/);
  });

  it("lays heat and contours over the picture as wanted", async () => {
    await open();
    const visible = (selector: string) =>
      page.locator(`.picture > ${selector}`).evaluate((element) => getComputedStyle(element).visibility);
    await expect.poll(() => visible("img.heat")).toBe("visible");
    await press("h");
    await press("c");
    expect([await visible("img.heat"), await visible("svg")]).toEqual(["hidden", "hidden"]);
    await press("h");
    await press(",");
    const opacity = () => page.locator("img.heat").evaluate((heat) => getComputedStyle(heat).opacity);
    expect(await opacity()).toBe("0.7");
  });

  it("lays them over the very pixels of a frame that is not square, inside its place", async () => {
    await open();
    await send(service, image.wide, "wide.png");
    await says(page, "uflow-facts", /wide\.png · 64 × 40/);
    await expect.poll(() => page.locator(".picture img").count()).toBe(2);
    // All at one moment: the page still moves while numbers come.
    const layout = () =>
      page.locator("uflow-stage").evaluate((stage) => {
        const box = (selector: string) => {
          const { x, y, width, height } = stage.querySelector(selector)!.getBoundingClientRect();
          return { x, y, width, height };
        };
        const layers = ["img:not(.heat)", "img.heat", "svg"].map((layer) => box(`.picture > ${layer}`));
        return { frame: box(".picture"), layers, tools: box(".tools").y };
      });
    const { frame, layers, tools } = await layout();
    expect(frame.width / frame.height).toBeCloseTo(64 / 40, 1);
    expect(frame.y + frame.height).toBeLessThanOrEqual(tools + 0.5);
    for (const layer of layers) {
      for (const side of ["x", "y", "width", "height"] as const)
        expect(layer[side]).toBeCloseTo(frame[side], 0);
    }
  });

  it("asks for no maps of what is undecided, and shows no broken picture of what is no image", async () => {
    await open();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const body = "no image";
    const headers = { "content-type": "image/png" };
    expect((await fetch(`${service.url}/v1/inspect`, { method: "POST", headers, body })).status).toBe(422);
    await says(page, word, "Undecided");
    await says(page, ".placeholder", "There is no picture of this frame.");
    await says(page, ".effect", "This frame has no map on which to try another threshold.");
    await expect.poll(() => page.locator("uflow-strip img").first().isVisible()).toBe(false);
    expect(asked.filter((address) => address.endsWith("heat.png"))).toEqual([]);
  });

  it("says what another ε would have decided, and how many verdicts it would change", async () => {
    await open();
    const { id } = await send(service, image.hole, "tried.png");
    await says(page, word, "Anomalous");
    const ask = async (logEpsilon: number) => {
      const answer = await fetch(`${service.url}/v1/results/${id}/segmentation?logEpsilon=${logEpsilon}`);
      return (await answer.json()).regions.length;
    };
    for (const logEpsilon of [3, -6, 1]) {
      await page.locator("#epsilon").evaluate((slider, value) => {
        (slider as HTMLInputElement).value = String(value);
        slider.dispatchEvent(new Event("input"));
      }, logEpsilon);
      await says(page, "uflow-verdict", /would be/);
      await expect.poll(contours).toBe(await ask(logEpsilon));
    }
    await says(page, ".effect", /Segmented in [\d.]+ ms/);
    await press("0");
    await says(page, "uflow-verdict", /Held/);
    await press("+");
    await says(page, "uflow-verdict", /With ε = 180 this would be/);
    await press("Space");
    await says(page, "uflow-verdict", /Live/);
  });

  it("finds earlier results by verdict, station and text, page by page", async () => {
    for (let i = 0; i < 21; i++) await send(service, image.good, `series-${i}.png`, "saw");
    await open("history");
    const rows = page.locator("uflow-history .rows li");
    await expect.poll(() => rows.count()).toBe(20);
    const fresh = page.locator("uflow-history .pages .action");
    expect(await fresh.isHidden()).toBe(true);
    await send(service, image.good, "late.png", "lathe");
    await expect.poll(() => fresh.textContent()).toBe("Show 1 new");
    await page.selectOption("[name=station]", "saw");
    await expect.poll(() => rows.filter({ hasText: "good.png" }).count()).toBe(0);
    await press("n");
    await expect.poll(() => rows.count()).toBe(1);
    await press("b");
    await expect.poll(() => rows.count()).toBe(20);
    await page.selectOption("[name=station]", "");
    await page.selectOption("[name=verdict]", "anomalous");
    await expect.poll(() => rows.filter({ hasText: "Good" }).count()).toBe(0);
    await press("/");
    await page.keyboard.type("second");
    await expect.poll(() => rows.count()).toBe(1);
    await rows.locator("button").click();
    await says(page, "uflow-facts", /second\.png/);
    await says(page, "uflow-verdict", /Held/);
  });

  it("inspects what is chosen, dropped or pasted, and says what is wrong with it", async () => {
    await open();
    await press("u");
    const file = (name: string, buffer: Buffer) => ({ name, mimeType: "image/png", buffer });
    await page.setInputFiles("#upload-files", [
      file("hole.png", image.hole),
      file("text.png", Buffer.from("no")),
    ]);
    const row = (name: string) => `.uploads li:has-text("${name}")`;
    await says(page, row("hole.png"), "Anomalous");
    await says(page, row("text.png"), /image/);
    for (const kind of ["drop", "paste"]) {
      await page.evaluate(
        ({ kind, bytes }) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, { type: "image/png" }));
          const event =
            kind === "drop"
              ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
              : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
          document.body.dispatchEvent(event);
        },
        { kind, bytes: [...image.good] },
      );
      await says(page, row(`${kind}.png`), "Good");
    }
    await page.locator(row("hole.png")).locator("button").click();
    await says(page, "uflow-facts", /hole\.png/);
  });

  it("tells all keys, and closes by Escape", async () => {
    await open();
    await press("?");
    await says(page, "uflow-shortcuts dialog[open]", /Pause/);
    await press("Escape");
    await expect.poll(() => page.locator("dialog[open]").count()).toBe(0);
    for (const [i, view] of ["history", "health", "models"].entries()) {
      await press(String(i + 2));
      await page.locator(`section.${view}`).waitFor();
    }
  });

  it("charts speed, shows drift, and swaps a model", async () => {
    await open("health");
    await expect.poll(() => page.locator("uflow-time-chart .s1[d*=L]").count()).toBeGreaterThan(0);
    await says(page, "uflow-drift", /disc/);
    await press("4");
    await says(page, "uflow-models", /disc\.uflow/);
    page.on("dialog", (dialog) => void dialog.accept());
    await page.locator("uflow-models button", { hasText: "Swap in" }).click();
    await says(page, "uflow-models [role=status]", "Done");
  });

  it("never shows a verdict as current without a connection, and comes back by itself", async () => {
    await open();
    await says(page, word, "Good");
    const port = Number(new URL(service.url).port);
    await service.close();
    await says(page, word, "No connection");
    await says(page, "uflow-banner", /Connection lost since \d\d:\d\d:\d\d/);
    expect(await page.locator("uflow-verdict.good, .badge.good").count()).toBe(0);
    service = await serve(tiny, { port });
    await send(service, image.hole, "missed.png");
    await says(page, word, "Anomalous");
    await says(page, "uflow-facts", /missed\.png/);
    expect(await page.locator("uflow-banner").isVisible()).toBe(false);
    await send(service, image.good, "after.png");
    await says(page, word, "Good");
  });

  it("asks for the API key where one is needed, and says that a wrong one is wrong", async () => {
    const { key, line } = newKey("tester");
    const apiKeys = join(tiny.scratch, "keys");
    await writeFile(apiKeys, line);
    const locked = await serve(tiny, { apiKeys });
    await send(locked, image.good, "locked.png", "", { "x-api-key": key });
    await open();
    home = locked.url;
    await page.goto(home);
    problems = [];
    for (const [typed, answer] of [
      ["wrong", /key/i],
      [key, /^$/],
    ] as const) {
      await page.fill("#api-key", typed);
      await press("Enter");
      await says(page, "uflow-key [role=alert]", answer);
    }
    await says(page, word, "Good");
    await expect.poll(() => page.locator(".picture img").count()).toBe(2);
    await page.close();
    await locked.close();
  });

  it("can be read and reached: names, sizes, focus, no sideways scrolling", async () => {
    for (const view of ["line", "history", "models"]) {
      await open(view, { width: 400, height: 800 });
      const found = await page.evaluate(inaccessible);
      expect(found).toEqual([]);
      await context.close();
    }
    await open("line", { width: 1024, height: 768 });
    expect(await page.evaluate(inaccessible)).toEqual([]);
    await press("Tab");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineWidth);
    expect(outline).toBe("3px");
  });
});

/** In the page: what a finger, a keyboard or a screen reader would have trouble with. */
function inaccessible(): string[] {
  const shown = [...document.querySelectorAll<HTMLElement>("button, a, input, select")].filter((element) =>
    element.checkVisibility({ visibilityProperty: true }),
  );
  const name = (element: HTMLElement) =>
    element.getAttribute("aria-label") ||
    (element as HTMLInputElement).labels?.[0]?.textContent ||
    element.textContent;
  const target = (element: HTMLElement) => (element.closest("label") ?? element).getBoundingClientRect();
  return [
    ...shown.filter((element) => !name(element)?.trim()).map((element) => `no name: ${element.outerHTML}`),
    ...shown.filter((element) => target(element).height < 44).map((element) => `small: ${element.outerHTML}`),
    ...[...document.images]
      .filter((image) => !image.hasAttribute("alt"))
      .map((image) => `no alt: ${image.src}`),
    ...(document.documentElement.scrollWidth > innerWidth ? ["scrolls sideways"] : []),
    ...(document.documentElement.lang ? [] : ["no language"]),
  ];
}
