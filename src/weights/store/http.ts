import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { messageOf, UflowError } from "../../error.js";
import { engineVersion } from "../../version.js";
import { PassingError } from "./retry.js";

/** What a server says of a file when it is asked for it. */
export interface Answer {
  status: 200 | 206 | 416;
  headers: IncomingHttpHeaders;
  body: Readable;
  /**
   * SHA-256 and size of the file as the hub names them, before it redirects to where the bytes lie. The server that
   * sends the bytes has an `etag` of its own, which may look like a SHA-256 and be none.
   */
  sha256: string | undefined;
  bytes: number | undefined;
}

const mostRedirects = 10;

/**
 * A client that goes through the proxies of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), which Node's own
 * `fetch` does not. Destroy it when done. `stallTimeout`: longest silence before it gives up, milliseconds.
 */
export function httpClient(stallTimeout: number): Dispatcher {
  const options = {
    headersTimeout: stallTimeout,
    bodyTimeout: stallTimeout,
    connect: { timeout: stallTimeout },
  };
  const { env } = process;
  const proxied = env.http_proxy || env.HTTP_PROXY || env.https_proxy || env.HTTPS_PROXY;
  // Loud about being new, so only where it is needed.
  return proxied ? new EnvHttpProxyAgent(options) : new Agent(options);
}

/**
 * Asks for a file and follows redirects, but not from https to http.
 * @throws PassingError when another attempt may help, else UflowError ERR_UFLOW_DOWNLOAD; an AbortError by the signal.
 */
export async function ask(
  client: Dispatcher,
  address: string,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  let url = new URL(address);
  const named: Pick<Answer, "sha256" | "bytes"> = { sha256: undefined, bytes: undefined };
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const answer = await send(client, url, headers, signal);
    const ofHub = url.origin === new URL(address).origin;
    named.sha256 ??= sha256In(answer.headers["x-linked-etag"] ?? (ofHub ? answer.headers.etag : undefined));
    named.bytes ??= lengthIn(answer.headers["x-linked-size"]);
    const next = redirectOf(answer);
    if (next === undefined) return { ...accepted(url, answer), ...named };
    answer.body.destroy();
    url = followed(url, next);
  }
  throw failed(`${address} redirects more than ${mostRedirects} times`);
}

/** What went wrong on the way, in words; whether it may pass. */
export function networkError(url: string | URL, error: unknown): Error {
  const { code = "", name = "" } = error as NodeJS.ErrnoException;
  if (name === "AbortError" || error instanceof UflowError) {
    return error as Error;
  }
  const { host } = new URL(url);
  if (/CERT|SELF_SIGNED|VERIFY/.test(code)) {
    return failed(
      `${host} has a certificate that is not trusted here (${messageOf(error)}). Behind a company's proxy, set NODE_EXTRA_CA_CERTS to the file of its certificate`,
      error,
    );
  }
  return new PassingError(
    `${problems[code] ?? `the connection broke (${messageOf(error)})`}: ${host}`,
    undefined,
    {
      cause: error,
    },
  );
}

const problems: Record<string, string> = {
  EAI_AGAIN: "there is no such host, or no network",
  ENOTFOUND: "there is no such host, or no network",
  ECONNREFUSED: "the connection was refused",
  ENETUNREACH: "there is no network",
  EHOSTUNREACH: "there is no way to the host",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "nothing came any more",
};

async function send(
  client: Dispatcher,
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Dispatcher.ResponseData> {
  const wanted = { "user-agent": `uflow/${engineVersion}`, "accept-encoding": "identity", ...headers };
  try {
    const answer = await request(url, { dispatcher: client, headers: wanted, signal: signal ?? null });
    // A body that breaks before it is read would end the process; whoever reads it is told then.
    answer.body.on("error", () => {});
    return answer;
  } catch (error) {
    throw networkError(url, error);
  }
}

function redirectOf({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  const redirects = [301, 302, 303, 307, 308].includes(statusCode);
  return redirects && typeof headers.location === "string" ? headers.location : undefined;
}

function followed(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (!to || !/^https?:$/.test(to.protocol))
    throw failed(`${from} redirects to "${location}", which is no address`);
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw failed(`${from} redirects to ${to.origin}, which is not encrypted`);
  }
  return to;
}

/** Refuses every status but those of a file or a part of it. */
function accepted(url: URL, { statusCode, headers, body }: Dispatcher.ResponseData) {
  if (statusCode === 200 || statusCode === 206 || statusCode === 416)
    return { status: statusCode, headers, body } as const;
  body.destroy();
  const said = `${url.origin}${url.pathname} answers HTTP ${statusCode}`;
  if (statusCode === 429 || statusCode === 408 || statusCode >= 500) {
    const after = retryAfter(headers["retry-after"]);
    throw new PassingError(after ? `${said} and asks to wait ${Math.ceil(after / 1000)} s` : said, after);
  }
  throw failed(`${said}${meaning[statusCode] ?? ""}`);
}

const meaning: Record<number, string> = {
  401: ": it wants a login, which uflow does not do",
  403: ": it does not give this file to everyone",
  404: ": there is no such file; is the host right?",
  407: ": the proxy wants a login; give it in HTTPS_PROXY as http://user:password@host:port",
};

/** Seconds or a date (RFC 9110, 10.2.3), to milliseconds. */
export function retryAfter(value: string | string[] | undefined): number | undefined {
  if (typeof value !== "string") return undefined;
  const delay = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(delay) ? undefined : Math.max(delay, 0);
}

/** Git LFS content is tagged with its SHA-256; what is stored in Git itself with a shorter SHA-1. */
function sha256In(tag: string | string[] | undefined): string | undefined {
  return typeof tag === "string" ? tag.match(/^(?:W\/)?"?([0-9a-f]{64})"?$/)?.[1] : undefined;
}

/** A length in bytes in a header; undefined when there is none. */
export function lengthIn(value: string | string[] | undefined): number | undefined {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

const failed = (message: string, cause?: unknown) => new UflowError("ERR_UFLOW_DOWNLOAD", message, { cause });
