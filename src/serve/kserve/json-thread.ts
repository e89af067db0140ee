import { Thread } from "../../thread.js";
import { Refusal } from "../refusal.js";
import { type InferReply, jsonOf, numbersAsJson } from "./outputs.js";
import { type InferAsked, type RequestBody, readRequest, shortJson } from "./request.js";

/** What the thread is asked for. */
export type JsonCalls = {
  read(...request: Parameters<typeof readRequest>): InferAsked | { status: number; problem: string };
  write: typeof jsonOf;
};

/** Numbers that the event loop writes as JSON by itself. */
const fewNumbers = 4096;

/** Images and maps as JSON take long to read and to write: all but short ones are left to a thread of its own. */
export class JsonThread {
  private readonly thread = new Thread<JsonCalls>("JSON", new URL("./json-worker.js", import.meta.url), {
    moves: true,
  });

  /** The memory of a long body is gone afterwards. @throws what `readRequest()` does. */
  async read(body: RequestBody, limits: Parameters<typeof readRequest>[1]): Promise<InferAsked> {
    if (body.jsonLength <= shortJson) return readRequest(body, limits);
    const read = await this.thread.call("read", body, limits);
    if ("problem" in read) throw new Refusal(read.status, read.problem);
    return read;
  }

  /** The memory of many numbers is gone afterwards. */
  async write(reply: InferReply): Promise<Uint8Array> {
    if (numbersAsJson(reply) <= fewNumbers) return jsonOf(reply);
    return await this.thread.call("write", reply);
  }

  /** Does what waits, and ends the thread. */
  close(): Promise<void> {
    return this.thread.close();
  }
}
