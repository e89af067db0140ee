import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { Aedes } from "aedes";
import mqtt, { type MqttClient } from "mqtt";
import { expect, it } from "vitest";
import { type MqttOptions, publishToMqtt } from "#uflow/records/mqtt.js";
import { inspection, records, until } from "./frames.js";

/** A broker on a port. */
async function broker(
  port = 0,
  authenticate?: (name: string | undefined, password: string | undefined) => boolean,
) {
  const aedes = await Aedes.createBroker({
    ...(authenticate && {
      authenticate: (_client, name, password, done) => done(null, authenticate(name, password?.toString())),
    }),
  });
  const published: { topic: string; text: string }[] = [];
  aedes.on("publish", ({ topic, payload }) => published.push({ topic, text: payload.toString() }));
  const server: Server = createServer(aedes.handle);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    aedes,
    /** All that came, in order. */
    published,
    async stop() {
      server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

interface Message {
  topic: string;
  text: string;
  retain: boolean;
}

async function subscribed(port: number, topic = "uflow/#") {
  const client: MqttClient = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 100 });
  const messages: Message[] = [];
  client.on("message", (topic, payload, { retain }) =>
    messages.push({ topic, text: payload.toString(), retain }),
  );
  await client.subscribeAsync(topic, { qos: 1 });
  return { client, messages };
}

function publishing(port: number, options: MqttOptions = {}) {
  const told: string[] = [];
  const opened = publishToMqtt(`mqtt://127.0.0.1:${port}`, {
    station: "line 1",
    onProblem: (message) => told.push(message),
    ...options,
  });
  return opened.then((sink) => ({ sink, told }));
}

const sequences = (published: readonly { topic: string; text: string }[]): number[] =>
  published.filter(({ topic }) => topic.endsWith("/verdict")).map(({ text }) => JSON.parse(text).sequence);

it("publishes records by station, and retains whether it is online", async () => {
  const { port, stop } = await broker();
  const { client, messages } = await subscribed(port);
  const { sink } = await publishing(port);
  const [record] = records(1, { station: "../+/#", outcome: inspection(true) });
  expect(await sink.write(record!)).toBe(true);
  await until(() => messages.length === 2);
  expect(messages[0]).toEqual({ topic: "uflow/line%201/status", text: "online", retain: false });
  expect(messages[1]!.topic).toBe("uflow/%2E.%2F%2B%2F%23/verdict");
  expect(JSON.parse(messages[1]!.text)).toEqual(record);
  const late = await subscribed(port, "uflow/+/status");
  await until(() => late.messages.length === 1);
  expect(late.messages[0]).toMatchObject({ text: "online", retain: true });
  await sink.close();
  await until(() => messages.length === 3);
  expect(messages[2]!.text).toBe("offline");
  await Promise.all([client.endAsync(), late.client.endAsync()]);
  await stop();
});

it("has the broker tell that it is offline when its connection is lost", async () => {
  const { port, aedes, stop } = await broker();
  const { client, messages } = await subscribed(port, "uflow/+/status");
  const { sink } = await publishing(port, { clientId: "inspector" });
  await sink.write(records(1)[0]!);
  const connections = (aedes as unknown as { clients: Record<string, { conn: { destroy(): void } }> })
    .clients;
  connections.inspector!.conn.destroy();
  await until(() => messages.some(({ text }) => text === "offline"));
  await until(() => messages.at(-1)!.text === "online");
  await Promise.all([sink.close(), client.endAsync()]);
  await stop();
});

it("loses and reorders nothing while the broker is away, and tells", async () => {
  const before = await broker();
  const { port } = before;
  const { sink, told } = await publishing(port);
  const all = records(200);
  const arrived = all.slice(0, 50).map((record) => sink.write(record));
  await until(() => sink.stats.written > 0);
  await before.stop();
  arrived.push(...all.slice(50).map((record) => sink.write(record)));
  await until(() => sink.stats.problem !== null);
  expect(sink.stats.problem).toMatch(/^127\.0\.0\.1:\d+: /);
  const after = await broker(port);
  expect((await Promise.all(arrived)).every(Boolean)).toBe(true);
  // Those that were under way when it went away came twice.
  const received = [...new Set(sequences([...before.published, ...after.published]))];
  expect(received).toEqual(all.map(({ sequence }) => sequence));
  expect(sink.stats).toMatchObject({ written: 200, dropped: 0, queued: 0, problem: null });
  expect(told.map((message) => message.split(":")[0])).toEqual([
    "mqtt fails and is tried again",
    "mqtt works again",
  ]);
  await sink.close();
  await after.stop();
});

it("drops the oldest when the broker is away for too long", async () => {
  const { port, stop } = await broker();
  await stop();
  const { sink } = await publishing(port, { queueSize: 10 });
  for (const record of records(25)) void sink.write(record);
  expect(sink.stats).toMatchObject({ queued: 10, dropped: 15 });
  const again = await broker(port);
  await until(() => sink.stats.written === 10);
  expect(sequences(again.published).at(-1)).toBe(25);
  await sink.close();
  await again.stop();
});

it("closes in time when the broker is away", async () => {
  const { port, stop } = await broker();
  await stop();
  const { sink } = await publishing(port);
  const arrived = sink.write(records(1)[0]!);
  await sink.close(50);
  expect(await arrived).toBe(false);
});

it("logs in as the URL, the options or the environment say, and tells nobody how", async () => {
  const logins: string[] = [];
  const { port, stop } = await broker(0, (name, password) => {
    logins.push(`${name}:${password}`);
    return password === "right";
  });
  const open = async (url: string, options: MqttOptions = {}) => {
    const sink = await publishToMqtt(url, options);
    void sink.write(records(1)[0]!);
    await until(() => sink.stats.written === 1);
    await sink.close();
  };
  await open(`mqtt://me%40home:right@127.0.0.1:${port}`);
  await open(`mqtt://127.0.0.1:${port}`, { username: "you", password: "right" });
  process.env.UFLOW_MQTT_USERNAME = "env";
  process.env.UFLOW_MQTT_PASSWORD = "right";
  await open(`mqtt://127.0.0.1:${port}`);
  delete process.env.UFLOW_MQTT_USERNAME;
  delete process.env.UFLOW_MQTT_PASSWORD;
  expect(logins).toEqual(["me@home:right", "you:right", "env:right"]);
  const told: string[] = [];
  const refused = await publishToMqtt(`mqtt://me:wrong@127.0.0.1:${port}`, {
    onProblem: (text) => told.push(text),
  });
  void refused.write(records(1)[0]!);
  await until(() => refused.stats.problem !== null);
  expect(refused.stats.problem).toContain("Not authorized");
  expect(JSON.stringify([told, refused.stats])).not.toMatch(/me|wrong/);
  await refused.close(20);
  await stop();
});

it.each([
  ["http://host", {}, /url: expected an address like mqtt/],
  ["mqtt://host", { topic: "uflow/#" }, /topic: expected a topic without \+ and #/],
  ["mqtt://host", { topic: "uflow/{line}" }, /topic: expected no placeholder but/],
  ["mqtt://host", { qos: 3 }, /qos/],
])("refuses what means nothing: %s %j", async (url, options, problem) => {
  await expect(publishToMqtt(url, options as MqttOptions)).rejects.toThrow(problem);
});
