import { UflowError, type UflowErrorCode } from "../error.js";

/** The addon throws plain errors that carry our code; here they join the family. */
export function checked<Arguments extends unknown[], Result>(
  name: string,
  native: (...args: Arguments) => Result,
): (...args: Arguments) => Result {
  return (...args) => {
    try {
      return native(...args);
    } catch (error) {
      // What a getter of the caller throws may be anything, null too.
      const { code, message } = Object(error) as { code?: unknown; message: string };
      if (typeof code !== "string" || !code.startsWith("ERR_UFLOW_")) throw error;
      throw new UflowError(code as UflowErrorCode, `${name}: ${message}`, { cause: error });
    }
  };
}
