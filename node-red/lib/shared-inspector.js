const { modelOptions } = require("./model-options.js");
const { failure, undecided } = require("./verdict.js");

/**
 * One `Inspector` for all nodes that name a model. It is opened when it is made, so that the first frame need not wait;
 * where that fails, the next frame tries again: a network drive may come after Node-RED.
 */
class SharedInspector {
  #config;
  /** The inspector that is open or opening; undefined after a failure. */
  #opening;
  /** Outcomes that are not there yet. */
  #underWay = new Set();
  #closed = false;

  /** @param config of the `uflow-model` node: `file`, and what `modelOptions()` takes. */
  constructor(config) {
    this.#config = config;
  }

  /** @returns the inspector, opened once. @throws UflowError as `Inspector.open()` does. */
  open() {
    this.#opening ??= load(this.#config).catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /**
   * As `inspector.inspect()`. A deadline counts from now, also while the model is still being opened.
   * @throws UflowError as `open()` and `inspector.inspect()` do.
   */
  inspect(image, options) {
    const outcome = this.#inspect(image, options);
    const settled = () => this.#underWay.delete(outcome);
    this.#underWay.add(outcome);
    outcome.then(settled, settled);
    return outcome;
  }

  async #inspect(image, { deadline, ...options }) {
    if (this.#closed) throw failure("ERR_UFLOW_CLOSED", "The model is closed");
    // What is no deadline is for the engine to refuse: nothing would ever be in time.
    if (!(deadline > 0)) return (await this.open()).inspect(image, { ...options, deadline });
    const end = performance.now() + deadline;
    const inspector = await before(deadline, this.open());
    const left = end - performance.now();
    if (!inspector || left <= 0) return tooLate(deadline);
    return inspector.inspect(image, { ...options, deadline: left });
  }

  /** Waits for the outcomes that are under way, then closes the inspector. */
  async close() {
    this.#closed = true;
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    const inspector = await this.#opening?.catch(() => undefined);
    await inspector?.close();
  }
}

/** The engine is an ES module with a native core: loaded when a model is to be opened. */
async function load(config) {
  const options = modelOptions(config);
  const { Inspector } = await import("uflow");
  return Inspector.open(config.file, options);
}

/** What the promise gives, or undefined after so many milliseconds. */
async function before(milliseconds, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(deadline) {
  const message = `The model was not open within the deadline of ${deadline} ms`;
  return undecided("deadline", failure("ERR_UFLOW_DEADLINE", message));
}

module.exports = { SharedInspector };
