// Saving: what would change is shown first, and nobody's text is written over unseen.

import { api, post } from "../../api.js";
import { h } from "../../dom.js";
import { button } from "../buttons.js";
import { openDialog } from "../dialog.js";
import { lines } from "../diff.js";
import { say, sayTrouble } from "../said.js";

/** Show the difference and save, if the person says so. `blocked(rules)` is called instead while there are errors. */
export async function save(rules, blocked) {
  await rules.flush();
  if (rules.trouble || rules.errors.length) { blocked(); return; }
  if (!rules.dirty) { say("Nothing has changed: there is nothing to save."); return; }
  const warnings = rules.problems.length;
  const { close } = openDialog({
    title: "Save the rules?", wide: true,
    body: [h("p", {}, "This is how config/rules.yaml changes. The file before is kept in working/rules/replaced/."),
      warnings
        ? h("p.warned", {}, `${warnings} warning${warnings === 1 ? "" : "s"}: the rules can be used all the same.`)
        : null,
      lines(shown(rules.diff))],
    actions: [button("Go on editing", { run: () => close() }),
      button("Save", { kind: "primary", autofocus: true, run: async () => { await write(rules); close(); } })],
  });
}

/** Gaps between changes as lines of their own. */
const shown = (diff) => diff.map((one) => (one.kind === "gap" ? { kind: "same", text: `… ${one.text}` } : one));

async function write(rules) {
  try {
    const saved = await post(api("p", rules.project, "rules"), { text: rules.text, based_on: rules.sha256 }, { signal: rules.signal });
    rules.keep(saved);
    say("The rules are saved.", saved.note || "The next run goes by them.");
  } catch (error) {
    if (!error.isConflict) throw error;
    conflict(rules, error);
  }
}

/** Somebody else has saved: theirs or mine, with the difference before one's eyes. */
async function conflict(rules, error) {
  const { current } = error;
  const mine = rules.text;
  const { diff } = await post(api("p", rules.project, "rules", "check"), { text: mine }, { signal: rules.signal });
  const { close } = openDialog({
    title: "The rules were changed somewhere else", wide: true,
    body: [h("p", {},
      "Another tab or a text editor has saved config/rules.yaml since this page read it. "
        + "This is how your text differs from what is there now:"),
      lines(shown(diff)),
      h("p.hint", {}, "Whatever is written over is kept in working/rules/replaced/.")],
    actions: [
      button("Go on editing", { run: () => close() }),
      button("Take theirs, drop mine", { kind: "danger", run: () => {
        close();
        rules.sha256 = current.sha256;
        rules.saved = current.text;
        rules.setText(current.text);
      } }),
      button("Save mine over it", { kind: "primary",
        run: async () => { rules.sha256 = current.sha256; await write(rules).catch(sayTrouble); close(); } }),
    ],
  });
}
