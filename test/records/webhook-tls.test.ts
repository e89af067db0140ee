import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { postToWebhook } from "#uflow/records/webhook.js";
import { authority, type Certificate, hasOpenssl } from "./certificates.js";
import { records, scratch, until } from "./frames.js";

/** A receiver behind TLS. */
async function receiver(certificate: Certificate) {
  const received: string[] = [];
  const server = createServer(certificate, async (request, response) => {
    received.push(((await json(request)) as { id: string }).id);
    response.end();
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/uflow`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.skipIf(!hasOpenssl())("a webhook behind TLS whose authority is not a public one", () => {
  it("gets records where the environment names the authority, and none where it does not", async () => {
    await using place = await scratch();
    const ours = authority(place.folder, "ours");
    await using secure = await receiver(ours.certificate("mes", "IP:127.0.0.1"));
    const [record] = records(1);

    const sink = await postToWebhook(secure.url);
    const arrived = sink.write(record!);
    await until(() => sink.stats.problem !== null);
    expect(sink.stats.problem).toMatch(/127\.0\.0\.1.*(certificate|authority)/);
    await sink.close(20);
    expect(await arrived).toBe(false);
    expect(secure.received).toEqual([]);

    const program = `
      import { postToWebhook } from "#uflow/records/webhook.js";
      const sink = await postToWebhook(process.argv[1]);
      console.log(await sink.write(JSON.parse(process.argv[2])));
      await sink.close();`;
    const args = ["--input-type=module", "--eval", program, secure.url, JSON.stringify(record)];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: ours.file };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(stdout).toBe("true\n");
    expect(secure.received).toEqual([record!.id]);
  });
});
