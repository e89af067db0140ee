// What the HTTP examples answer, whatever their framework.

/** Milliseconds. A client that waits longer has given up, and the line has gone on. */
const deadline = 5000;

/** Anything else is a defect on our side: 500. */
const statuses = {
  ERR_UFLOW_BAD_IMAGE: 422,
  ERR_UFLOW_BUSY: 429,
  ERR_UFLOW_LANE: 503,
  ERR_UFLOW_CLOSED: 503,
};

/**
 * Inspects the bytes of an image.
 * @param signal withdraws it, when the client has gone
 * @returns the answer's status, headers and JSON body
 */
export async function answer(inspector, bytes, signal) {
  try {
    const outcome = await inspector.inspect(bytes, { deadline, signal });
    const { anomalyMap, logNfaMap, mask, ...body } = outcome;
    return { status: outcome.verdict === "undecided" ? 503 : 200, headers: {}, body };
  } catch (error) {
    const status = statuses[error.code] ?? 500;
    const headers = status === 429 || status === 503 ? { "retry-after": "1" } : {};
    return { status, headers, body: { error: { code: error.code, message: error.message } } };
  }
}

/** A signal that is given when the client goes before it has its answer. */
export function untilGone(response) {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
