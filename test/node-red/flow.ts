import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installInto } from "../../node-red/clone.mjs";

const require = createRequire(import.meta.url);
const helper = require("node-red-node-test-helper");
helper.init(require.resolve("node-red"));

export interface Message {
  payload: unknown;
  [name: string]: unknown;
}

/** A part of a flow, as Node-RED stores it. */
export interface FlowNode {
  id: string;
  type: string;
  [property: string]: unknown;
}

interface RunningNode {
  receive(message: Message): void;
}

/** Node-RED with the package as npm installs it. */
export interface NodeRed extends AsyncDisposable {
  /** @param coreNodes files of Node-RED's own nodes that the flow needs */
  load(flow: FlowNode[], coreNodes?: readonly string[]): Promise<void>;
  redeploy(flow: FlowNode[], type?: "full" | "flows" | "nodes"): Promise<void>;
  unload(): Promise<void>;
  node(id: string): RunningNode | null;
  /** The first so many messages that reach the nodes of type `collect` with this id since `load()`, also after a redeploy. */
  messages(id: string, count?: number): Promise<Message[]>;
  /** What our nodes logged so far as a warning or an error. */
  logged(): string[];
  /** Of what `http in` nodes serve. */
  url: string;
}

export async function nodeRed(): Promise<NodeRed> {
  const userDir = await mkdtemp(join(tmpdir(), "uflow-node-red-"));
  const target = await installInto(userDir);
  const { "node-red": ours } = require(join(target, "package.json"));
  const ownNodes = Object.values<string>(ours.nodes).map((file) => require(join(target, file)));
  const collection = new Collection();
  await helper.startServer();
  const server = createServer((request, response) => collection.app?.(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    load(flow, coreNodes = []) {
      collection.clear();
      const core = coreNodes.map((file) => require(`@node-red/nodes/core/${file}`));
      return helper.load([collection.node, ...ownNodes, ...core], flow);
    },
    redeploy: (flow, type = "full") => helper.setFlows(flow, type),
    unload: () => helper.unload(),
    node: (id) => helper.getNode(id),
    messages: (id, count = 1) => collection.first(id, count),
    logged() {
      const entries: { level: number; type?: string; msg: unknown }[] = helper.log().args.flat();
      return entries
        .filter(({ level, type = "", msg }) => level <= 30 && `${type} ${msg}`.includes("uflow-"))
        .map(({ msg }) => String(msg));
    },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      await helper.stopServer();
      await rm(userDir, { recursive: true, force: true });
    },
  };
}

interface Red {
  httpNode: RequestListener;
  nodes: {
    createNode(node: object, config: object): void;
    registerType(type: string, construct: (config: { id: string }) => void): void;
  };
}

/** Keeps what reaches the nodes of type `collect`, by their id; and what `http in` nodes add their routes to. */
class Collection {
  app: RequestListener | undefined;
  private messages = new Map<string, Message[]>();
  private wake = () => {};

  readonly node = (red: Red) => {
    this.app = red.httpNode;
    const take = (id: string, message: Message) => this.take(id, message);
    red.nodes.registerType("collect", function (this: NodeJS.EventEmitter, config) {
      red.nodes.createNode(this, config);
      this.on("input", (message) => take(config.id, message));
    } as (config: { id: string }) => void);
  };

  private take(id: string, message: Message): void {
    this.messages.set(id, [...(this.messages.get(id) ?? []), message]);
    this.wake();
  }

  async first(id: string, count: number): Promise<Message[]> {
    for (;;) {
      const messages = this.messages.get(id) ?? [];
      if (messages.length >= count) return messages.slice(0, count);
      await new Promise<void>((resolve) => {
        const others = this.wake;
        this.wake = () => {
          others();
          resolve();
        };
      });
    }
  }

  clear(): void {
    this.messages = new Map();
    this.wake = () => {};
  }
}
