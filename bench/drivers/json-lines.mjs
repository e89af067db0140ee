// A child process that answers every line of JSON with a line of JSON.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class JsonLines {
  #child;
  #lines;
  #ended;

  constructor(command, args, env) {
    this.#child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on("error", (error) => resolve(error.message));
      this.#child.on("close", (status, signal) => resolve(`ended with ${signal ?? `status ${status}`}`));
    });
    this.#child.stdin.on("error", () => {}); // said by `ended`
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** One question at a time. */
  async ask(question) {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the process ${await this.#ended}`);
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  close() {
    this.#child.stdin.end();
  }
}
