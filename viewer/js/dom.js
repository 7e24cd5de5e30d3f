// Elements from data. Text always goes in as text: nothing that a model or a file says is ever markup.

/** An element: h("button.primary", {type: "button", onclick: f, "aria-label": "Go"}, "Go", icon).
 * Children: nodes, strings, numbers, arrays of these; null, undefined and false are left out.
 * Properties: on* are listeners, `dataset` and `style` are objects, true/false set or leave out an attribute,
 * everything else is an attribute. */
export function h(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties ?? {})) set(element, key, value);
  append(element, children);
  return element;
}

function set(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith("on")) element.addEventListener(key.slice(2).toLowerCase(), value);
  else if (key === "dataset") Object.assign(element.dataset, value);
  else if (key === "style") for (const [name, one] of Object.entries(value)) element.style.setProperty(name, one);
  else if (key === "class") element.className = [element.className, value].filter(Boolean).join(" ");
  else if (key === "value" || key === "checked" || key === "disabled" || key === "selected") element[key] = value;
  else element.setAttribute(key, value === true ? "" : String(value));
}

/** Put children into an element. */
export function append(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** A sentence of the program's: what stands between backticks is to be typed. */
export const sentence = (text) => String(text ?? "").split(/`([^`\n]+)`/).map((part, at) => (at % 2 ? h("code", {}, part) : part));

/** Put these children in place of what is there. */
export function fill(element, ...children) {
  element.replaceChildren();
  return append(element, children);
}
