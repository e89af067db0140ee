export { UflowError, type UflowErrorCode } from "./error.js";
