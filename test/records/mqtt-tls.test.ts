import { execFile } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { promisify } from "node:util";
import { Aedes } from "aedes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MqttOptions, publishToMqtt } from "#uflow/records/mqtt.js";
import { authority, type Certificate, hasOpenssl } from "./certificates.js";
import { records, scratch, until } from "./frames.js";

/** A broker behind TLS. */
async function broker(options: TlsOptions) {
  const aedes = await Aedes.createBroker();
  const published: string[] = [];
  aedes.on("publish", ({ topic, payload }) => {
    if (topic.endsWith("/verdict")) published.push(JSON.parse(payload.toString()).id);
  });
  const clients: (string | undefined)[] = [];
  const server = createServer(options, (socket: TLSSocket) => {
    clients.push(socket.getPeerCertificate()?.subject?.CN);
    aedes.handle(socket);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`,
    published,
    /** Names in the certificates of those who connected. */
    clients,
    async [Symbol.asyncDispose]() {
      server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

/** What a sink says that cannot connect; it is closed then. */
async function problemOf(url: string, options: MqttOptions): Promise<string> {
  const sink = await publishToMqtt(url, options);
  const arrived = sink.write(records(1)[0]!);
  await until(() => sink.stats.problem !== null);
  const { problem } = sink.stats;
  await sink.close(20);
  expect(await arrived).toBe(false);
  return problem!;
}

describe.skipIf(!hasOpenssl())("a broker behind TLS", () => {
  let place: Awaited<ReturnType<typeof scratch>>;
  let ours: ReturnType<typeof authority>;
  let foreign: ReturnType<typeof authority>;
  let server: Certificate;

  beforeAll(async () => {
    place = await scratch();
    [ours, foreign] = [authority(place.folder, "ours"), authority(place.folder, "foreign")];
    server = ours.certificate("broker", "IP:127.0.0.1");
  });

  afterAll(() => place[Symbol.asyncDispose]());

  it("gets records where its authority is given", async () => {
    await using secure = await broker(server);
    const sink = await publishToMqtt(secure.url, { ca: ours.ca });
    const all = records(3);
    expect(await Promise.all(all.map((record) => sink.write(record)))).toEqual([true, true, true]);
    await sink.close();
    expect(secure.published).toEqual(all.map(({ id }) => id));
  });

  it("gets none where another authority is given, or none, and the reason says what to do", async () => {
    await using secure = await broker(server);
    for (const options of [{ ca: foreign.ca }, {}]) {
      expect(await problemOf(secure.url, options)).toMatch(
        /^127\.0\.0\.1:\d+: no authority that is known here vouches for the broker's certificate \(.+\); give the certificate of its authority as ca/,
      );
    }
    expect(secure.clients).toEqual([]);
  });

  it("gets none where its certificate is that of another machine", async () => {
    await using secure = await broker(ours.certificate("other", "DNS:other.example"));
    expect(await problemOf(secure.url, { ca: ours.ca })).toMatch(/127\.0\.0\.1 is not in the cert's list/);
    expect(secure.clients).toEqual([]);
  });

  it("that asks for a certificate knows who publishes, and lets nobody else in", async () => {
    const asking = { ...server, ca: ours.ca, requestCert: true, rejectUnauthorized: true };
    await using secure = await broker(asking);
    const press = ours.certificate("press-3", "DNS:press-3");
    const sink = await publishToMqtt(secure.url, { ca: ours.ca, ...press });
    expect(await sink.write(records(1)[0]!)).toBe(true);
    await sink.close();
    await problemOf(secure.url, { ca: ours.ca });
    await problemOf(secure.url, { ca: ours.ca, ...foreign.certificate("press-4", "DNS:press-4") });
    expect(secure.clients).toEqual(["press-3"]);
    expect(secure.published).toHaveLength(1);
  });

  it("gets records where the environment names its authority, as for uflow serve --mqtt", async () => {
    await using secure = await broker(server);
    const program = `
      import { publishToMqtt } from "#uflow/records/mqtt.js";
      const sink = await publishToMqtt(process.argv[1]);
      console.log(await sink.write(JSON.parse(process.argv[2])));
      await sink.close();`;
    const [record] = records(1);
    const args = ["--input-type=module", "--eval", program, secure.url, JSON.stringify(record)];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: ours.file };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(stdout).toBe("true\n");
    expect(secure.published).toEqual([record!.id]);
  });

  it("is refused at the door with what is no certificate, or another one's key", async () => {
    const { key } = ours.certificate("another", "DNS:another");
    for (const options of [{ ca: "no PEM" }, { cert: "no PEM", key }, { cert: server.cert, key }]) {
      await expect(publishToMqtt("mqtts://127.0.0.1:1", options)).rejects.toMatchObject({
        code: "ERR_UFLOW_BAD_OPTION",
        message: expect.stringMatching(/ca, cert, key: expected certificates and their key as PEM: ./),
      });
    }
  });
});
