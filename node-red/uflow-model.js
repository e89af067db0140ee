const { basename } = require("node:path");
const { SharedInspector } = require("./lib/shared-inspector.js");

module.exports = (RED) => {
  /** A model, opened once for all `uflow-inspect` nodes that name it, and closed by a redeploy. */
  class UflowModel {
    constructor(config) {
      RED.nodes.createNode(this, config);
      this.label = config.name || basename(config.file || "");
      this.inspector = new SharedInspector(config);
      this.inspector.open().catch((error) => this.error(`The model cannot be opened: ${error.message}`));
      this.on("close", (done) => this.inspector.close().then(done, done));
    }
  }

  RED.nodes.registerType("uflow-model", UflowModel);
};
