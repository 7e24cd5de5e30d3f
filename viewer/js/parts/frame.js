// The head of every page: where one is, where one can go from here, the colours, and help.
//
// frame({page, place}) draws it; `say` is passed on from said.js.

import { fill, h } from "../dom.js";
import { bind } from "../keys.js";
import { iconButton } from "./buttons.js";
import { showHelp } from "./help.js";
import { icon } from "./icons.js";
import { choose, chosen } from "./theme.js";

export { say } from "./said.js";

const THEMES = { system: ["light", "as the system says"], light: ["dark", "light"], dark: ["system", "dark"] };

const at = (...parts) => "/" + parts.map(encodeURIComponent).join("/");

export function frame({ page, place }) {
  fill(document.getElementById("top"),
    h("nav.trail", { "aria-label": "Where you are" }, h("ol", {}, trail(page, place).map((step) => h("li", {}, step)))),
    pagesOf(page, place),
    h("div.tools", {}, themeButton(), iconButton("Help: all keys", "help", { key: "?", run: showHelp })));
}

/** One button that goes round: as the system says, light, dark. */
function themeButton() {
  const [next, words] = THEMES[chosen()];
  const made = iconButton(`Colours: ${words}. Change to ${THEMES[next][1]}.`, chosen(), { id: "theme", run: () => {
    choose(next);
    const again = themeButton();
    made.replaceWith(again);
    again.focus();
  } });
  return made;
}

function trail(page, { project, run }) {
  const steps = [link("/", "Projects", page === "projects", "brand")];
  if (project) steps.push(link(at("p", project), project, page === "runs"));
  if (run) steps.push(link(at("p", project, "r", run), run, page === "run", "run-id"));
  return steps;
}

function pagesOf(page, { project, run }) {
  if (!project) return null;
  const links = run
    ? [["Run", "run", at("p", project, "r", run)], ["Compare", "compare", at("p", project, "r", run, "compare")],
      ["Rank", "rank", at("p", project, "r", run, "rank")]]
    : [["Runs", "runs", at("p", project)]];
  links.push(["Rules", "rules", at("p", project, "rules")], ["Masks", "masks", at("p", project, "masks")]);
  return h("nav.pages", { "aria-label": run ? "This run" : "This project" },
    links.map(([words, name, href]) => link(href, words, name === page)));
}

function link(href, words, here, kind = "") {
  return h(`a${kind ? `.${kind}` : ""}`, { href, "aria-current": here ? "page" : null },
    kind === "brand" ? icon("picture") : null, h("span", {}, words));
}

bind([
  { keys: ["?"], words: "all keys", run: showHelp },
  { keys: ["Escape"], words: "close a dialog", run: () => false },
]);
