import type {
  DriftAnswer,
  Failure,
  InspectAnswer,
  ModelSummary,
  ModelsAnswer,
  PictureName,
  ResultsAnswer,
  SegmentationAnswer,
  Session,
  Verdict,
} from "../../src/serve/api.ts";

/** What the service answered instead of what was wanted. `status` 0: it did not answer. */
export class ServiceError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  /** The service wants a key that it was not given. */
  get locked(): boolean {
    return this.status === 401;
  }
}

/** Which results are wanted; nothing given: all. */
export interface ResultsFilter {
  verdict?: Verdict;
  station?: string;
  model?: string;
  before?: string;
  limit?: number;
}

// Relative to the page, so that everything also works below a path of a reverse proxy.
export const liveAddress = "v1/live";

export const results = (filter: ResultsFilter) => get<ResultsAnswer>(`v1/results?${query(filter)}`);

export const models = () => get<ModelsAnswer>("v1/models");

export const drift = () => get<DriftAnswer>("v1/drift");

export const segmentation = (id: string, logEpsilon: number) =>
  get<SegmentationAnswer>(`v1/results/${encodeURIComponent(id)}/segmentation?logEpsilon=${logEpsilon}`);

export const loadModel = (name: string, file: string) =>
  send<ModelSummary>("POST", "v1/models", { name, file });

export const swapModel = (name: string, file: string) =>
  send<ModelSummary>("PUT", modelAddress(name), { file });

export const unloadModel = (name: string) => get<unknown>(modelAddress(name), { method: "DELETE" });

/** Signs in: the service sets a cookie, which pictures and the live connection send by themselves. */
export const signIn = (key: string) => send<Session>("POST", "v1/session", { key });

/** The address of a picture of a result. */
export function picture(id: string, name: PictureName, side?: number): string {
  return `v1/results/${encodeURIComponent(id)}/${name}${side ? `?side=${side}` : ""}`;
}

/**
 * Sends one image. By XMLHttpRequest, since `fetch` does not tell how much has been sent.
 * @param onSent the share that has been sent, 0 … 1
 */
export function inspect(
  image: File,
  options: { model?: string; station?: string },
  onSent: (share: number) => void,
): Promise<InspectAnswer> {
  const form = new FormData();
  form.append("image", image, image.name);
  const request = new XMLHttpRequest();
  request.open("POST", `v1/inspect?${query(options)}`);
  request.upload.addEventListener("progress", ({ loaded, total }) => onSent(total > 0 ? loaded / total : 1));
  return new Promise((resolve, reject) => {
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(failure(request.status, request.responseText));
    });
    request.addEventListener("error", () => reject(noAnswer()));
    request.send(form);
  });
}

function query(values: object): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

const modelAddress = (name: string) => `v1/models/${encodeURIComponent(name)}`;

function send<T>(method: string, address: string, body: object): Promise<T> {
  return get<T>(address, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function get<T>(address: string, request: RequestInit = {}): Promise<T> {
  const response = await fetch(address, request).catch(() => {
    throw noAnswer();
  });
  const text = await response.text();
  if (!response.ok) throw failure(response.status, text);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

const noAnswer = () => new ServiceError(0, "ERR_UFLOW_NO_ANSWER", "The service does not answer.");

/** Whatever stands between page and service may answer too, with a page of its own. */
function failure(status: number, text: string): ServiceError {
  try {
    const { error } = JSON.parse(text) as Failure;
    return new ServiceError(status, error.code, error.message);
  } catch {
    return new ServiceError(status, `HTTP_${status}`, `The service answered with status ${status}.`);
  }
}
