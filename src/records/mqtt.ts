import { X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import { createSecureContext } from "node:tls";
import type { IClientOptions, MqttClient } from "mqtt";
import { z } from "zod";
import { messageOf, UflowError } from "../error.js";
import { parseOptions } from "../options.js";
import {
  type Delivery,
  type Destination,
  Postponement,
  QueuedSink,
  type QueueOptions,
  queueShape,
} from "./queued-sink.js";
import type { FrameRecord, Sink } from "./record.js";
import { segment } from "./segment.js";

export interface MqttOptions extends QueueOptions {
  /** Of a record; `{station}`, `{model}` and `{verdict}` are replaced by the record's. Default `uflow/{station}/verdict`. */
  topic?: string;
  /** Where `online` and, by the broker when the connection is lost, `offline` are retained. Default `uflow/{station}/status`. */
  statusTopic?: string;
  /** `{station}` of the status topic. Default: the name of the machine. */
  station?: string;
  /** 0, 1 (default) or 2: at most once, at least once, once. */
  qos?: 0 | 1 | 2;
  /** Default: those of the URL, else `UFLOW_MQTT_USERNAME` and `UFLOW_MQTT_PASSWORD`. */
  username?: string;
  password?: string;
  /** Default: one by chance. */
  clientId?: string;
  /**
   * PEM: certificates of authorities instead of the public ones that Node knows, and a certificate with its key to log in
   * with. Without `ca`, `NODE_EXTRA_CA_CERTS` names a file of further authorities.
   */
  ca?: string;
  cert?: string;
  key?: string;
}

const placeholders = /\{(\w*)\}/g;

const topic = z
  .string()
  .min(1)
  .max(1024)
  .refine((text) => !/[+#\0]/.test(text), "expected a topic without + and #")
  .refine(
    (text) =>
      [...text.matchAll(placeholders)].every(([, name]) => ["station", "model", "verdict"].includes(name!)),
    "expected no placeholder but {station}, {model} and {verdict}",
  );

const schema = z.strictObject({
  url: z.url({
    protocol: /^(mqtts?|wss?)$/,
    error: "expected an address like mqtt://host:1883 or mqtts://host",
  }),
  topic: topic.default("uflow/{station}/verdict"),
  statusTopic: topic.default("uflow/{station}/status"),
  station: z.string().default(hostname),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(1),
  username: z.string().optional(),
  password: z.string().optional(),
  clientId: z.string().min(1).optional(),
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  ...queueShape,
});

type Checked = z.output<typeof schema>;

/** Milliseconds without connection or acknowledgement that count as a failure. */
const patience = 2000;

/**
 * Publishes each record, as JSON, on an MQTT broker (3.1.1), in order. While there is no connection records wait in the
 * queue; with QoS 1 those that were under way when it broke may arrive twice, known by their id. The broker need not be there
 * yet. Credentials appear neither in messages nor in `stats`.
 * @throws UflowError ERR_UFLOW_BAD_OPTION.
 */
export async function publishToMqtt(url: string, options: MqttOptions = {}): Promise<Sink> {
  const checked = parseOptions("publishToMqtt", schema, { ...options, url });
  checkCertificates(checked);
  const { default: mqtt } = await import("mqtt");
  const address = new URL(url);
  const status = filled(checked.statusTopic, { station: checked.station });
  const client = mqtt.connect(withoutCredentials(address), connectOptions(address, checked, status));
  return new QueuedSink(new Broker(client, address.host, checked, status), checked);
}

/** Here, since the client would throw at each attempt to connect. */
function checkCertificates({ ca, cert, key }: Checked): void {
  try {
    // A context passes over what is no certificate.
    if (ca !== undefined) new X509Certificate(ca);
    createSecureContext({ ca, cert, key });
  } catch (error) {
    const message = `Wrong options for publishToMqtt: ca, cert, key: expected certificates and their key as PEM: ${messageOf(error)}`;
    throw new UflowError("ERR_UFLOW_BAD_OPTION", message, { cause: error });
  }
}

function connectOptions(address: URL, options: Checked, status: string): IClientOptions {
  const { env } = process;
  const { clientId, ca, cert, key } = options;
  const username = options.username ?? (decodeURIComponent(address.username) || env.UFLOW_MQTT_USERNAME);
  const password = options.password ?? (decodeURIComponent(address.password) || env.UFLOW_MQTT_PASSWORD);
  const login = { username, password, clientId, ca, cert, key };
  return {
    ...(Object.fromEntries(Object.entries(login).filter(([, value]) => value)) as IClientOptions),
    will: { topic: status, payload: Buffer.from("offline"), qos: 1, retain: true },
    keepalive: 30,
    connectTimeout: 10_000,
    reconnectPeriod: 1000,
    reconnectOnConnackError: true,
  };
}

function withoutCredentials(address: URL): string {
  const bare = new URL(address);
  bare.username = "";
  bare.password = "";
  return bare.href;
}

class Broker implements Destination {
  readonly name = "mqtt";
  readonly batchSize = 32;
  readonly linger = 0;
  /** What is published and not acknowledged, by the record's id; the client sends it again after it reconnected. */
  private readonly underWay = new Map<string, Promise<unknown>>();
  private connecting: Promise<void> | undefined;
  private reason = "no connection";

  constructor(
    private readonly client: MqttClient,
    private readonly host: string,
    private readonly options: Checked,
    private readonly status: string,
  ) {
    client.on("connect", () => this.tell("online").catch(() => {}));
    client.on("error", (error: Error & { code?: unknown }) => {
      this.reason = inWords(error);
    });
  }

  wanted() {
    return undefined;
  }

  async deliver(batch: readonly Delivery[]): Promise<void> {
    if (!this.client.connected) await this.soon(this.connection());
    await this.soon(Promise.all(batch.map(({ record }) => this.publishOnce(record))));
  }

  async close(): Promise<void> {
    const { client } = this;
    if (client.connected) await this.soon(this.tell("offline")).catch(() => {});
    await client.endAsync(!client.connected);
  }

  private connection(): Promise<void> {
    this.connecting ??= new Promise<void>((resolve) => {
      this.client.once("connect", () => resolve());
    }).finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  private tell(status: "online" | "offline"): Promise<unknown> {
    return this.client.publishAsync(this.status, status, { qos: 1, retain: true });
  }

  private publishOnce(record: FrameRecord): Promise<unknown> {
    const published = this.underWay.get(record.id) ?? this.publish(record);
    this.underWay.set(record.id, published);
    return published;
  }

  private publish(record: FrameRecord): Promise<unknown> {
    const { id, station, model, verdict } = record;
    const topic = filled(this.options.topic, { station, model: model.name, verdict });
    const published = this.client.publishAsync(topic, JSON.stringify(record), { qos: this.options.qos });
    const forget = () => this.underWay.delete(id);
    published.then(forget, forget);
    return published;
  }

  /** Another attempt goes on waiting for the same, so it may follow at once. */
  private async soon(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(this.silence()), patience);
    });
    try {
      await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private silence(): Error {
    const problem = this.client.connected ? "no acknowledgement" : this.reason;
    return new Postponement(`${this.host}: ${problem}`, 0);
  }
}

/** Of certificates that no known authority vouches for. */
const untrusted = [
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
];

function inWords({ message, code }: Error & { code?: unknown }): string {
  if (!untrusted.includes(String(code))) return message || String(code);
  return `no authority that is known here vouches for the broker's certificate (${message}); give the certificate of its authority as ca, or in NODE_EXTRA_CA_CERTS`;
}

const filled = (template: string, values: Record<string, string>) =>
  template.replace(placeholders, (_, name) => segment(values[name] ?? ""));
