// Two ways to draw without a pointer: a box by its numbers, and words that a vision model finds a place for.

import { api, get, post } from "../../api.js";
import { h } from "../../dom.js";
import { button } from "../buttons.js";
import { choice, field, numberInput, textInput } from "../forms.js";
import { say } from "../said.js";
import { fromPng } from "./png.js";
import { percent } from "./names.js";

const LOOK = 400; // milliseconds between two looks at a job

/** x, y, width, height of a box, in pixels of the picture. */
export function numbers(editor) {
  const [width, height] = [editor.bits.width, editor.bits.height];
  const inputs = [["x", 0, 0, width], ["y", 0, 0, height], ["Width", Math.round(width / 2), 1, width],
    ["Height", Math.round(height / 2), 1, height]]
    .map(([words, value, min, max]) => field(words, numberInput({ value: String(value), min: String(min), max: String(max), step: "1" })));
  const draw = (value) => {
    const [x, y, wide, high] = inputs.map((one) => Math.round(Number(one.control.value)));
    const wrong = !(wide > 0) ? 2 : !(high > 0) ? 3 : -1;
    inputs.forEach((one, at) => one.fail(at === wrong ? "Above 0." : ""));
    if (wrong >= 0) { inputs[wrong].control.focus(); return; }
    const before = editor.bits.count;
    editor.change("box by numbers", () => editor.bits.box(x, y, x + wide, y + high, value));
    say(editor.bits.count === before ? "That changes nothing." : `${value ? "Added" : "Taken away"}: ${wide} × ${high} at ${x}, ${y}.`);
  };
  return h("details.panel", {}, h("summary", {}, h("h2", {}, "Box by numbers")),
    h("p.hint", {}, `In pixels from the top left; the picture has ${width} × ${height}.`), h("div.four", {}, inputs),
    h("div.row", {}, button("Add the box", { run: () => draw(1) }), button("Take it away", { run: () => draw(0) })));
}

/** Words for what is to be edited. `name()`: the mask that the record is kept for. */
export function words(editor, project, found, name, signal) {
  if (!found.can_locate) {
    return h("section.panel.from-words", {}, h("h2", {}, "From words"),
      h("p.hint", {}, `Not with the judge of this project: ${found.why_not}.`),
      h("p.hint", {}, "A vision model named in config/AIVis.yaml can say where “the jacket” is."));
  }
  let how = "add";
  const input = textInput({ placeholder: "the jacket", maxlength: 400 });
  const asked = field("What is to be edited?", input, { hint: "The judge of AIVis.yaml is asked; that may cost a request." });
  const said = h("p.hint", { role: "status" });
  const find = button("Find it", { icon: "search", run: async () => {
    if (!input.value.trim()) { asked.fail("Say what to find."); input.focus(); return; }
    asked.fail("");
    said.textContent = "Asking …";
    try {
      const result = await finished(await post(api("p", project, "masking", "locate"),
        { text: input.value.trim(), name: name() }, { signal }),
        said, signal);
      const place = await fromPng(result.png);
      editor.change("from words", () => editor.bits.combine(place.data, editor.bits.count ? how : "replace"));
      said.textContent = [`${result.by}: ${result.seen || "found"} (${percent(result.share)})`, ...result.notes,
        "Look at it, mend it, then save."].join(" ");
    } catch (error) { said.textContent = ""; throw error; }
  } });
  input.addEventListener("keydown", (event) => { if (event.key === "Enter" && !find.disabled) find.click(); });
  return h("section.panel.from-words", {}, h("h2", {}, "From words"), asked,
    h("div.row", {},
      choice("With what is drawn", "how", [["add", "add"], ["replace", "replace"], ["subtract", "take away"]], how,
        (value) => { how = value; }),
      find),
    said);
}

/** Wait for a job. Throws its error, or AbortError when the page is left. */
async function finished({ job }, said, signal) {
  for (;;) {
    const told = await get(api("jobs", job), { signal });
    if (told.state === "done") return told.result;
    if (told.state === "failed") throw Object.assign(new Error(told.error.message), told.error);
    said.textContent = `${told.said} …`;
    await new Promise((go) => { setTimeout(go, LOOK); });
  }
}
