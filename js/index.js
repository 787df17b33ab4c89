import inlined from "../pkg/inlined.js";
import { init as initFrom } from "./slim.js";

/** Initialises from the module inlined in this package. */
export function init() {
  return initFrom(Uint8Array.from(atob(inlined), (character) => character.charCodeAt(0)));
}

export { codeChallenge } from "./slim.js";
