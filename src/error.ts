/** Every way in which the engine refuses or fails. Codes are stable; messages may be reworded. */
export type UflowErrorCode =
  | "ERR_UFLOW_BAD_OPTION" // an option or argument is wrong; the message names all that are
  | "ERR_UFLOW_BAD_IMAGE" // not an image, truncated, too large, or of a kind that cannot be read
  | "ERR_UFLOW_BAD_DATASET" // a folder of images that cannot be trained on or evaluated
  | "ERR_UFLOW_BAD_TENSOR" // wrong shape, wrong length, NaN or infinity in numbers handed over
  | "ERR_UFLOW_BAD_MODEL" // a .uflow file that is damaged, hostile or of a newer version
  | "ERR_UFLOW_BAD_CERTIFICATE" // a certificate of parity that is damaged, was edited, or is of other images or another model
  | "ERR_UFLOW_BAD_RECORDS" // an audit store that is no such file, damaged, or of a newer version
  | "ERR_UFLOW_BAD_WEIGHTS" // weights that cannot be read, are not those of the backbone, or are not on this machine
  | "ERR_UFLOW_DOWNLOAD" // weights that cannot be fetched: no network, a server that refuses, a file that is not the expected one
  | "ERR_UFLOW_DEVICE" // the wanted device or execution provider is not available
  | "ERR_UFLOW_NETWORK" // ONNX Runtime refused a graph or failed while running it
  | "ERR_UFLOW_BAD_CHECKPOINT" // a training's checkpoint that is damaged, or of other images, options or another version
  | "ERR_UFLOW_DIVERGED" // training reached NaN or infinity, or its loss rose far, also with lower rates
  | "ERR_UFLOW_MEMORY" // the work would not fit into memory
  | "ERR_UFLOW_OUTPUT" // an output file or folder cannot be written
  | "ERR_UFLOW_NATIVE" // the native addon is missing or does not load
  | "ERR_UFLOW_LANE" // a worker thread died
  | "ERR_UFLOW_ABORTED" // cancelled through an AbortSignal
  | "ERR_UFLOW_BUSY" // the queue is full: nothing was taken on, try again later
  | "ERR_UFLOW_DEADLINE" // there was no verdict within the deadline
  | "ERR_UFLOW_CLOSED" // used after close()
  | "ERR_UFLOW_BAD_REQUEST" // HTTP: a request that cannot be understood, is too large, too slow or of the wrong kind
  | "ERR_UFLOW_UNAUTHORIZED" // HTTP: no API key, or a wrong one
  | "ERR_UFLOW_NOT_FOUND"; // HTTP: no such address, model or result

/**
 * The one error family of the engine. `message` says what was given, what was wanted and what to do;
 * `code` is stable and meant for programs; `cause` holds the underlying error where there is one.
 */
export class UflowError extends Error {
  override readonly name = "UflowError";
  readonly code: UflowErrorCode;

  constructor(code: UflowErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What remains of an error when it crosses from a worker thread. */
export interface PlainError {
  code: UflowErrorCode;
  message: string;
}

/** For the sender: any error as plain data. An error that is not ours is a defect or a failed runtime: `fallback` says which part. */
export function toPlainError(error: unknown, fallback: UflowErrorCode): PlainError {
  const code = error instanceof UflowError ? error.code : fallback;
  return { code, message: messageOf(error) };
}
