// What a mask does to runs: to the next one, and to one that is not at its end. `found` is the server's answer about
// the project's masks, `entry` one of them.

import { h } from "../../dom.js";

/** What it means that a mask is in play, as a sentence; "" where it is not. */
export function inPlay(entry, found) {
  if (!entry?.active || !found.enabled || entry.problem) return "";
  if (entry.share >= 1) return "All of it may be edited: for the next run that is as if there were no mask.";
  const others = found.masks.some((one) => one.active && one.name !== entry.name);
  return `It is in play: the next run will edit only this region${others ? ", in its turn among the masks in play" : ""}.`;
}

/** The same for the editor, with what to do about it. */
export function usedSo(entry, found) {
  const said = inPlay(entry, found);
  if (said && entry.share < 1) return [said, " For the whole picture: ", h("code", {}, "enabled: false"),
    " under masking in config/AIGen.yaml."];
  if (said) return said;
  return entry && !entry.problem && !entry.active && found.enabled
    ? ["Not in play. For one run: ", h("code", {}, `run --mask ${entry.name}`), ". For every run: ",
      h("code", {}, `active_mask: ${entry.name}`), " under masking in config/AIGen.yaml."]
    : null;
}

/** What saving a mask does to a run that is not at its end. */
export function ending(name, found) {
  const { run } = found;
  if (!run || !(run.masks.includes(name) || found.masks.find((one) => one.name === name)?.active)) return "";
  return run.held ? `Run ${run.run_id} is going on. It keeps the mask that it began with; a mask drawn anew begins a new run.`
    : `Run ${run.run_id} is not finished. With a mask drawn anew it does not go on: a new run begins.`;
}
