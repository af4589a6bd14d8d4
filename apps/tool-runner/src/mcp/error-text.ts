import { types } from "node:util";

/** Whatever was thrown as an Error. Also for errors of another realm, which `instanceof` does not know. */
export function errorOf(thrown: unknown): Error {
  return types.isNativeError(thrown) ? thrown : new Error(String(thrown));
}

export function messageOf(thrown: unknown): string {
  return errorOf(thrown).message;
}
