// What the next run of a project starts from, where a ranking waits for it; and the way to take that back.
//
// waiting(project, signal) -> an element, empty where nothing waits; `.read()` asks how it stands, `.show(found)` shows it.

import { api, get, post } from "../../api.js";
import { fill, h } from "../../dom.js";
import { button } from "../buttons.js";
import { icon } from "../icons.js";
import { inWords } from "../rank/next.js";
import { say } from "../said.js";
import { trouble } from "../states.js";

export function waiting(project, signal) {
  const address = api("p", project, "seed");
  const made = h("div.seed-waits", { role: "status" });
  let shown = "";

  /** A seed that cannot be read is said, and hides no runs. */
  made.read = () => get(address, { signal }).catch((error) => {
    if (!error.status) throw error;
    return { error: { message: error.message, hint: error.hint } };
  });

  made.show = (found) => {
    const now = JSON.stringify(found);
    if (now === shown) return; // the button keeps the keyboard
    shown = now;
    fill(made, found.error ? trouble(found.error) : found.written ? line(found.written) : null);
  };

  const line = ({ run_id: run, mode, edited }) => h("div.row", {},
    h("p", {}, icon("rank"), " The next run starts from the ranking of ",
      h("a", { href: `/p/${encodeURIComponent(project)}/r/${encodeURIComponent(run)}/rank` }, run), ` (${inWords(mode)})`,
      edited ? ", with your edit of its settings." : "."),
    button("Take it back", { kind: "quiet", icon: "undo", run: takeBack }));

  async function takeBack() {
    const found = await post(`${address}/remove`, {}, { signal });
    say("The next run starts as the project's settings say.", (found.remarks ?? []).join(" "));
    made.show(found);
  }
  return made;
}
