import { join } from "node:path";
import { type Dispatcher, request } from "undici";
import { z } from "zod";
import { parseOptions } from "../options.js";
import { ensureFolder, writeFileAtomic } from "../output/atomic-file.js";
import { engineVersion } from "../version.js";
import { httpClient, networkError, retryAfter } from "../weights/store/http.js";
import {
  type Delivery,
  type Destination,
  Postponement,
  QueuedSink,
  type QueueOptions,
  queueShape,
  Refusal,
} from "./queued-sink.js";
import type { FrameRecord, Sink } from "./record.js";
import { secretSchema, sign } from "./signature.js";

export interface WebhookOptions extends QueueOptions {
  /** Signs requests (`verifySignature`): base64 of at least 16 bytes. Default: `UFLOW_WEBHOOK_SECRET`, else no signature. */
  secret?: string | undefined;
  /** Sent too, as for a login. */
  headers?: Record<string, string>;
  /** Milliseconds in which the server must answer. Default 10 000. */
  timeout?: number;
  /** Records that are given up are written into this folder, as JSON. */
  deadLetters?: string;
}

const schema = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: "expected an address like https://host/path" }),
  secret: secretSchema.optional(),
  headers: z.record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/)).default({}),
  timeout: z.int().positive().max(600_000).default(10_000),
  deadLetters: z.string().min(1).optional(),
  ...queueShape,
});

type Checked = z.output<typeof schema>;

/** The server has understood the request and does not want this record, now or later. */
const refusals: readonly number[] = [400, 409, 410, 413, 415, 422];
/** Errors that are not for want of a server: one that fails so often for one record will fail for it again. */
const failuresOfServer: readonly number[] = [500, 501];
const mostFailures = 10;
/** Milliseconds: what asks for less, as a date of a clock that is behind, waits as long as any that fails. */
const leastPostponement = 1000;

/**
 * Posts each record, as JSON, to an address: one after the other, in order. A server that cannot be reached, is overloaded
 * or refuses the login is tried again, while records wait in the queue; a record that the server does not want, or fails at
 * ten times, is given up. `webhook-id` is the record's id, the same at every attempt.
 * @throws UflowError ERR_UFLOW_BAD_OPTION; ERR_UFLOW_OUTPUT when the folder of dead letters cannot be made.
 */
export async function postToWebhook(url: string, options: WebhookOptions = {}): Promise<Sink> {
  const secret = options.secret ?? (process.env.UFLOW_WEBHOOK_SECRET || undefined);
  const checked = parseOptions("postToWebhook", schema, { ...options, url, secret });
  if (checked.deadLetters !== undefined) await ensureFolder(checked.deadLetters);
  return new QueuedSink(new Webhook(checked), checked);
}

class Webhook implements Destination {
  readonly name = "webhook";
  readonly batchSize = 1;
  readonly linger = 0;
  private readonly client: Dispatcher;
  private readonly address: URL;
  private readonly headers: Record<string, string>;
  /** In a row, of the record that is tried now. */
  private failures = 0;
  /** The dead letters that are being written. */
  private letters = Promise.resolve();

  constructor(private readonly options: Checked) {
    this.client = httpClient(options.timeout);
    const { username, password } = new URL(options.url);
    this.address = new URL(options.url);
    this.address.username = "";
    this.address.password = "";
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    this.headers = {
      ...(username && { authorization: `Basic ${login.toString("base64")}` }),
      "user-agent": `uflow/${engineVersion}`,
      "content-type": "application/json",
      ...options.headers,
    };
  }

  wanted() {
    return undefined;
  }

  async deliver(batch: readonly Delivery[]): Promise<void> {
    const { statusCode, headers } = await this.post(batch[0]!.record);
    if (statusCode >= 200 && statusCode < 300) {
      this.failures = 0;
      return;
    }
    // The address may hold a secret in its path or query.
    const said = `${this.address.host} answers HTTP ${statusCode}`;
    if (failuresOfServer.includes(statusCode)) this.failures++;
    if (refusals.includes(statusCode) || this.failures === mostFailures) {
      this.failures = 0;
      throw new Refusal(said);
    }
    const after = retryAfter(headers["retry-after"]) ?? 0;
    throw after < leastPostponement ? new Error(said) : new Postponement(said, after);
  }

  lost(record: FrameRecord): void {
    const { deadLetters, onProblem } = this.options;
    if (deadLetters === undefined) return;
    const path = join(deadLetters, `${record.id}.json`);
    const write = () => writeFileAtomic(path, Buffer.from(JSON.stringify(record)));
    this.letters = this.letters.then(write).catch(({ message }) => onProblem(message));
  }

  async close(): Promise<void> {
    await this.client.destroy();
    await this.letters;
  }

  private async post(record: FrameRecord): Promise<Dispatcher.ResponseData> {
    const body = JSON.stringify(record);
    const signal = AbortSignal.timeout(this.options.timeout);
    const headers = { ...this.headers, ...this.signed(record.id, body) };
    try {
      const options = { method: "POST", dispatcher: this.client, headers, body, signal } as const;
      const answer = await request(this.address, options);
      await answer.body.dump();
      return answer;
    } catch (error) {
      throw signal.aborted
        ? new Error(`${this.address.host}: no answer in time`)
        : networkError(this.address, error);
    }
  }

  private signed(id: string, body: string): Record<string, string> {
    const { secret } = this.options;
    const timestamp = Math.floor(Date.now() / 1000);
    const named = { "webhook-id": id, "webhook-timestamp": String(timestamp) };
    return secret === undefined
      ? named
      : { ...named, "webhook-signature": sign(secret, id, timestamp, body) };
  }
}
