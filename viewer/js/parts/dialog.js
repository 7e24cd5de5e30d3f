// Dialogs, with the browser's own <dialog>: Escape closes them, focus stays inside and goes back afterwards.
//
// await ask({title: "Stop the run?", words: "…", yes: "Stop", danger: true})  ->  true or false
// const closed = openDialog({title, body: [nodes], actions: [nodes], wide: true})  ->  {dialog, close}

import { h } from "../dom.js";
import { button, iconButton } from "./buttons.js";

let count = 0;

export function openDialog({ title, body, actions = [], wide = false, onClose = () => {} }) {
  const id = `dialog-${(count += 1)}`;
  const close = () => dialog.close();
  const dialog = h(`dialog${wide ? ".wide" : ""}`, { "aria-labelledby": id },
    h("div.dialog-head", {}, h("h2", { id }, title), iconButton("Close", "close", { run: close })),
    h("div.dialog-body", {}, body),
    actions.length ? h("div.dialog-actions", {}, actions) : null);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
  dialog.addEventListener("close", () => { dialog.remove(); onClose(); });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, close };
}

export function ask({ title, words, yes = "Yes", no = "Cancel", danger = false }) {
  return new Promise((answer) => {
    let said = false;
    const { close } = openDialog({
      title, body: h("p", {}, words), onClose: () => answer(said),
      actions: [
        button(no, { run: () => close() }),
        button(yes, { kind: danger ? "danger" : "primary", run: () => { said = true; close(); } }),
      ],
    });
  });
}
