// Keys: a page says which it listens to; "?" shows them all. Never while a person types into a field.

let bindings = [];

/** Listen on a page: [{keys: ["ArrowLeft"], words: "the iteration before", run: (event) => …, group?: "Moving"}].
 * A key may be "Shift+ArrowLeft". Returns a function that stops listening. */
export function bind(list) {
  bindings = [...bindings, ...list];
  return () => { bindings = bindings.filter((one) => !list.includes(one)); };
}

/** What is listened to now, for the help. */
export const listed = () => bindings;

/** Listen to these and nothing else: what a page has bound ends when it is left. */
export function listenOnlyTo(list) { bindings = list; }

const typing = (target) => target instanceof HTMLElement
  && (target.isContentEditable || (/^(input|textarea|select)$/i.test(target.tagName) && !/^(checkbox|radio|button)$/i.test(target.type)));

// A control that understands the arrows itself keeps them: sliders, radio buttons, and what says data-arrows="own".
const MOVES = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
const movesItself = (target) => target instanceof HTMLElement
  && (/^(range|radio)$/.test(target.type ?? "") || Boolean(target.closest('[data-arrows="own"]')));

const named = (event) => (event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key);

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (MOVES.has(event.key) && movesItself(event.target)) return;
  const found = bindings.findLast((one) => one.keys.includes(named(event)));
  if (!found) return;
  if (found.run(event) !== false) event.preventDefault();
});
