// What a tab of an iteration says while there is nothing to tell yet.

import { h } from "../../dom.js";
import { loading } from "../states.js";

/** On its way; or not there before the picture is judged. */
export function notYet(shown) {
  if (shown.n !== null && !shown.waits) return loading();
  return h("p.hint", {}, shown.waits ? `Iteration ${shown.n} is ${shown.pendingWords}.` : "Nothing was tried yet.");
}
