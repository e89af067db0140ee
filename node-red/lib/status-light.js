/** The editor is told a status at most so often, milliseconds: each goes to every browser that is open. */
const interval = 250;

/** The light below a node. Of statuses in quick succession it shows the first and the last. */
class StatusLight {
  #show;
  #latest;
  #timer;

  /** @param show takes a status of Node-RED: `{ fill, shape, text }`. */
  constructor(show) {
    this.#show = show;
  }

  set(fill, shape, text) {
    this.#latest = { fill, shape, text };
    if (this.#timer === undefined) this.#flush();
  }

  #flush() {
    this.#show(this.#latest);
    this.#latest = undefined;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#latest) this.#flush();
    }, interval);
  }

  /** Shows nothing more. */
  end() {
    clearTimeout(this.#timer);
    this.#latest = undefined;
  }
}

module.exports = { StatusLight };
