/**
 * ONNX Runtime would keep an identifier of the machine in the user's cache folder, and send Microsoft what it is used for. It
 * asks the environment of the process when it is loaded, which only the main thread can change: this is imported before
 * ONNX Runtime, and before a thread is started that loads it.
 */
process.env.ORT_DISABLE_TELEMETRY = "1";
