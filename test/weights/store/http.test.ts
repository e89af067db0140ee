import { MockAgent } from "undici";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ask } from "#uflow/weights/store/http.js";
import { PassingError } from "#uflow/weights/store/retry.js";

let web: MockAgent;
beforeEach(() => {
  web = new MockAgent();
  web.disableNetConnect();
});
afterEach(() => web.close());

const encrypted = () => web.get("https://hub.example").intercept({ path: "/file" });
const asked = () => ask(web, "https://hub.example/file", {}, undefined);
const refused = (message: RegExp) => ({
  code: "ERR_UFLOW_DOWNLOAD",
  message: expect.stringMatching(message),
});

it("does not follow from an encrypted address to one that is not", async () => {
  encrypted().reply(302, "", { headers: { location: "http://cdn.example/file" } });
  await expect(asked()).rejects.toMatchObject(
    refused(/redirects to http:\/\/cdn\.example, which is not encrypted/),
  );
});

it("does not ask again a server whose certificate is not trusted", async () => {
  encrypted().replyWithError(Object.assign(new Error("self-signed"), { code: "SELF_SIGNED_CERT_IN_CHAIN" }));
  const error = await asked().catch((error) => error);
  expect(error).toMatchObject(refused(/hub\.example has a certificate .*NODE_EXTRA_CA_CERTS/));
  expect(error).not.toBeInstanceOf(PassingError);
});
