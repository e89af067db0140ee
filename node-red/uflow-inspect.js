const { numbers } = require("./lib/model-options.js");
const { StatusLight } = require("./lib/status-light.js");
const { failure, lightOf, payloadOf, undecided, verdicts } = require("./lib/verdict.js");

module.exports = (RED) => {
  /**
   * Inspects the image in `msg.payload`. Each message that comes in goes out once: with the verdict, or with the reason why
   * there is none. What fails is told to the catch nodes besides.
   */
  class UflowInspect {
    constructor(config) {
      RED.nodes.createNode(this, config);
      Object.assign(this, numbers({ deadline: config.deadline, queue: config.queue || 32 }));
      this.station = config.station || "";
      this.overlay = config.overlay || "none";
      this.separate = Number(config.outputs) === verdicts.length;
      this.model = RED.nodes.getNode(config.model);
      this.light = new StatusLight((status) => this.status(status));
      /** Messages that came in and did not go out yet. */
      this.underWay = new Set();
      this.refused = 0;
      this.closing = false;
      this.announce();
      this.on("input", (msg, _send, done) => this.take(msg, done));
      this.on("close", (removed, done) => this.finish(removed).then(done, done));
    }

    async announce() {
      this.light.set("grey", "ring", "opening");
      try {
        await this.inspector().open();
        this.light.set("grey", "dot", "ready");
      } catch (error) {
        this.light.set("red", "ring", error.message);
      }
    }

    inspector() {
      if (this.model?.inspector) return this.model.inspector;
      throw failure("ERR_UFLOW_BAD_OPTION", "No model is chosen: open the node and choose one");
    }

    take(msg, done) {
      const answered = this.answer(msg).then(done, done);
      this.underWay.add(answered);
      answered.finally(() => this.underWay.delete(answered));
      this.light.set("yellow", "dot", `${this.underWay.size} under way`);
    }

    /** Sends the message on with its outcome. @returns what went wrong, if anything did. */
    async answer(msg) {
      const start = performance.now();
      const image = msg.payload;
      const station = this.station || stationOf(msg);
      const { outcome, error } = await this.judge(image, station);
      const { overlay, error: drawing } = await this.draw(image, outcome);
      msg.payload = payloadOf(outcome, station);
      msg.uflow = { image, model: this.model?.label, ...(overlay ? { overlay } : {}) };
      this.light.set(...lightOf(outcome, performance.now() - start, this));
      this.deliver(msg);
      return error ?? drawing;
    }

    /** The outcome; with the error where it is none that the flow was to expect. */
    async judge(image, station) {
      // Maps are for the overlay alone, whose choices have the names of theirs.
      const { deadline, queue, underWay, overlay: maps } = this;
      try {
        // Written so that a queue that is no number takes nothing on, instead of everything.
        if (!(underWay.size < queue))
          throw failure("ERR_UFLOW_BUSY", `${queue} images are under way already`);
        return { outcome: await this.inspector().inspect(image, { deadline, station, maps }) };
      } catch (error) {
        if (error.code !== "ERR_UFLOW_BUSY") return { outcome: undecided("failed", error), error };
        this.refused++;
        return { outcome: undecided("busy", error) };
      }
    }

    /** A picture that cannot be drawn does not hold up a verdict. */
    async draw(image, { verdict, ...inspection }) {
      const wanted = this.overlay === "all" ? verdict !== "undecided" : verdict === this.overlay;
      if (!wanted) return {};
      try {
        const { drawOverlay } = await import("uflow");
        return { overlay: await drawOverlay(image, inspection) };
      } catch (error) {
        return { error };
      }
    }

    deliver(msg) {
      if (this.closing) handOver(this, msg);
      else this.send(this.separate ? verdicts.map((verdict) => onlyFor(verdict, msg)) : msg);
    }

    /** Waits for what is under way. */
    async finish(removed) {
      this.closing = true;
      while (this.underWay.size > 0) await Promise.all(this.underWay);
      this.light.end();
      if (!removed) this.status({ fill: "grey", shape: "ring", text: "closed" });
    }
  }

  /** What is neither text nor a number, such as the query of a request, is no station. */
  const stationOf = ({ station }) => (["string", "number"].includes(typeof station) ? `${station}` : "");

  const onlyFor = (verdict, msg) => (msg.payload.verdict === verdict ? msg : null);

  /** Messages of nodes that are closed. */
  let left = [];

  /**
   * A node that is closed reaches nobody any more: in a full deploy the nodes behind it are closed at the same time. What was
   * under way is therefore sent by the node that takes its place, when all nodes have started.
   */
  function handOver(node, msg) {
    const { id } = node;
    const heir = RED.nodes.getNode(id);
    if (heir && heir !== node) return heir.deliver(msg);
    if (left.length === 0) RED.events.once("flows:started", deliverLeft);
    left.push({ id, msg });
  }

  function deliverLeft() {
    const messages = left;
    left = [];
    for (const { id, msg } of messages) {
      const heir = RED.nodes.getNode(id);
      if (heir) heir.deliver(msg);
      else RED.log.warn(`uflow-inspect: a verdict (${msg.payload.verdict}) had nowhere to go, ${id} is gone`);
    }
  }

  RED.nodes.registerType("uflow-inspect", UflowInspect);
};
