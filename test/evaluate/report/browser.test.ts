import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { reportPage } from "#uflow/evaluate/report/page.js";
import { launch, noBrowser } from "../../console/browser.js";
import { reportData } from "./report-data.js";

const names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
const browser = names.find((name) => spawnSync(name, ["--version"]).status === 0);
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "uflow-browser-"));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The document as the browser has built it, and what it complains about. */
async function opened(page: string) {
  const path = join(scratch, "report.html");
  await writeFile(path, page);
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"];
  const own = `--user-data-dir=${join(scratch, "profile")}`;
  const address = pathToFileURL(path).href;
  const { stdout, stderr } = spawnSync(browser!, [...flags, own, "--dump-dom", address], {
    encoding: "utf8",
    timeout: 50_000,
  });
  return { dom: stdout, complaints: stderr.split("\n").filter((line) => line.includes("CONSOLE")) };
}

it("opens without a complaint, and lets nothing run and nothing load", async (context) => {
  if (browser === undefined) return context.skip("no Chromium on this machine");
  // What a name would be if it were not escaped: the browser complains of these three, and so of nothing else.
  const intruder = `<script>document.title = "run"</script><img src="http://127.0.0.1:9/x.png"><img src="x.png">`;
  const page = reportPage(reportData(`</title><script>"'&`)).replace("<header>", `${intruder}<header>`);
  const { dom, complaints } = await opened(page);
  expect(complaints).toHaveLength(3);
  for (const complaint of complaints) expect(complaint).toContain("Content Security Policy");
  expect(dom).toContain("<title>Evaluation: title&gt;&lt;script&gt;");
  expect(dom.match(/<h1>.*?<\/h1>/)![0]).toContain("title&gt;&lt;script&gt;");
  expect(dom.match(/<figure/g)).toHaveLength(10);
  expect(dom.match(/<script/g)).toHaveLength(1);
});

it.skipIf(noBrowser).each([
  ["A4", 794, "print"],
  ["a telephone", 400, "screen"],
] as const)("is no wider than %s, however long names are", async (_, width, media) => {
  const data = reportData("a_long_name_without_any_place_to_break_".repeat(4));
  const [sheet] = data.sheets;
  const sheets = [{ ...sheet!, total: 3, cards: [sheet!.cards[0]!, sheet!.cards[0]!, sheet!.cards[0]!] }];
  const path = join(scratch, "wide.html");
  await writeFile(path, reportPage({ ...data, sheets }));
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width, height: 1000 } });
    await page.emulateMedia({ media });
    await page.goto(pathToFileURL(path).href);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  } finally {
    await browser.close();
  }
});
