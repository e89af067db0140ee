import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { expect } from "vitest";
import { type Service, type ServiceOptions, startService } from "#uflow/index.js";
import type { Result } from "#uflow/serve/api.js";
import type { TinyModel } from "../fixtures/tiny-model.js";

/** A service with the tiny model. @param port 0: any that is free */
export function serve({ model }: TinyModel, options: Partial<ServiceOptions> = {}): Promise<Service> {
  return startService({
    models: [model],
    modelsFolder: dirname(model),
    port: 0,
    logLevel: "silent",
    inspector: { epsilon: 100 },
    ...options,
  });
}

/** A good part, one that is cut off, and one with a hole that so short a training suffices to see. */
export async function pictures({ data }: TinyModel) {
  const good = await readFile(join(data, "test/good/0.png"));
  const hole = { create: { width: 24, height: 24, channels: 3, background: "black" } } as const;
  return {
    good,
    wide: await sharp(good).extract({ left: 0, top: 0, width: 64, height: 40 }).png().toBuffer(),
    hole: await sharp(good)
      .composite([{ input: hole, left: 12, top: 12 }])
      .png()
      .toBuffer(),
  };
}

/** What a camera does: sends an image. */
export async function send(
  service: Service,
  image: Buffer,
  name: string,
  station = "",
  headers: Record<string, string> = {},
): Promise<Result> {
  const form = new FormData();
  form.append("image", new Blob([new Uint8Array(image)]), name);
  const answer = await fetch(`${service.url}/v1/inspect?station=${station}`, {
    method: "POST",
    body: form,
    headers,
  });
  return (await answer.json()).results[0];
}

/** Waits until an element says it. */
export async function says(page: Page, selector: string, text: string | RegExp): Promise<void> {
  const read = () =>
    page
      .locator(selector)
      .first()
      .textContent({ timeout: 1000 })
      .catch(() => null);
  await expect.poll(read).toMatch(text);
}
