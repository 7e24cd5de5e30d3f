// Light, dark, or as the system says. What was chosen is remembered on this machine.
//
// chosen()            "system", "light" or "dark"
// choose("dark")      sets and remembers it
// onTheme(draw)       calls draw() whenever the colours change, by whatever cause; returns a function that stops it
// colour("--passed")  what a token of style.css is now, for a canvas that cannot read it itself

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

export const chosen = () => root.dataset.theme ?? "system";

export function choose(theme) {
  if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme"); else localStorage.setItem("theme", theme);
  } catch { /* no storage to be had: it holds until the page is left */ }
  tell();
}

export function onTheme(draw) {
  listeners.add(draw);
  return () => listeners.delete(draw);
}

/** A token's colour as rgb(): light-dark() is resolved by letting an element wear it. */
export function colour(token) {
  const probe = document.createElement("span");
  probe.style.setProperty("color", `var(${token})`);
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function tell() { for (const draw of listeners) draw(); }
system.addEventListener("change", tell);
