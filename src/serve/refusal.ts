import { UflowError, type UflowErrorCode } from "../error.js";
import type { Failure } from "./api.js";

/** Why a request is not served: an error with the status of its answer. */
export class Refusal extends UflowError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(codes[status] ?? "ERR_UFLOW_BAD_REQUEST", message);
  }
}

const codes: Partial<Record<number, UflowErrorCode>> = {
  401: "ERR_UFLOW_UNAUTHORIZED",
  404: "ERR_UFLOW_NOT_FOUND",
  429: "ERR_UFLOW_BUSY",
  503: "ERR_UFLOW_CLOSED",
};

const statuses: Partial<Record<UflowErrorCode, number>> = {
  ERR_UFLOW_BAD_OPTION: 400,
  ERR_UFLOW_BAD_REQUEST: 400,
  ERR_UFLOW_BAD_IMAGE: 422,
  ERR_UFLOW_BAD_TENSOR: 422,
  ERR_UFLOW_BAD_MODEL: 422,
  ERR_UFLOW_BAD_WEIGHTS: 422,
  ERR_UFLOW_BUSY: 429,
  ERR_UFLOW_ABORTED: 503,
  ERR_UFLOW_CLOSED: 503,
  ERR_UFLOW_MEMORY: 503,
};

/** What is answered when something was thrown. */
export interface Answer {
  status: number;
  body: Failure;
}

/** What is not ours has a message that may tell of the machine: it is logged, and not told. */
export function answerTo(error: unknown): Answer {
  if (error instanceof Refusal) return answer(error.status, error.code, error.message);
  if (error instanceof UflowError) return answer(statuses[error.code] ?? 500, error.code, error.message);
  const { statusCode = 500, message } = Object(error) as { statusCode?: number; message?: string };
  if (statusCode >= 400 && statusCode < 500) {
    return answer(statusCode, codes[statusCode] ?? "ERR_UFLOW_BAD_REQUEST", message ?? "");
  }
  return answer(500, "ERR_UFLOW_INTERNAL", "An internal error; the log of the service says more");
}

function answer(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}
