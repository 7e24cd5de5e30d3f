// Small line drawings, 16 units square, in the colour of the text: icon("passed") is an <svg> that screen readers
// skip, so whatever it stands beside must say the same in words.

const NS = "http://www.w3.org/2000/svg";

const PATHS = {
  passed: "M3 8.5l3.2 3.2L13 4.8",
  failed: "M4 4l8 8M12 4l-8 8",
  unclear: "M5.6 6a2.4 2.4 0 1 1 3.5 2.1c-.8.4-1.1.9-1.1 1.7M8 12.4v.1",
  star: "M8 2l1.8 3.8 4.2.5-3.1 2.8.8 4.1L8 11.2l-3.7 2 .8-4.1L2 6.3l4.2-.5z",
  favourite: "M8 13.2S2.4 9.9 2.4 6.1A2.9 2.9 0 0 1 8 5a2.9 2.9 0 0 1 5.6 1.1C13.6 9.9 8 13.2 8 13.2z",
  rejected: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM4 4l8 8",
  note: "M3 2.8h10v7.4l-3 3H3zM10 13v-3h3M5.4 5.8h5.2M5.4 8.2h3.4",
  zoom: "M7 2.6a4.4 4.4 0 1 1 0 8.8 4.4 4.4 0 0 1 0-8.8zM10.2 10.2l3.4 3.4M7 5v4M5 7h4",
  left: "M10 3L5 8l5 5",
  right: "M6 3l5 5-5 5",
  up: "M3 10l5-5 5 5",
  down: "M3 6l5 5 5-5",
  first: "M4 3v10M12 3L7 8l5 5",
  last: "M12 3v10M4 3l5 5-5 5",
  download: "M8 2.4v7.4M4.8 6.8L8 10l3.2-3.2M3 13.2h10",
  upload: "M8 10V2.6M4.8 5.6L8 2.4l3.2 3.2M3 13.2h10",
  copy: "M5.6 5.6V2.8h7.6v7.6h-2.8M2.8 5.6h7.6v7.6H2.8z",
  link: "M6.6 9.4a2.6 2.6 0 0 0 3.8 0l2.2-2.2a2.6 2.6 0 0 0-3.8-3.8l-.9.9M9.4 6.6a2.6 2.6 0 0 0-3.8 0L3.4 8.8a2.6 2.6 0 0 0 3.8 3.8l.9-.9",
  compare: "M2.6 3.4h10.8v9.2H2.6zM8 1.6v12.8M5.6 6.4L4 8l1.6 1.6M10.4 6.4L12 8l-1.6 1.6",
  rank: "M2.6 13V9h3.2M5.8 13V4h4.4v9M10.2 7h3.2v6",
  rules: "M2.6 4l1.2 1.2L6 3M2.6 9.2l1.2 1.2L6 8.2M8 4.4h5.4M8 9.6h5.4M3 13.4h10.4",
  mask: "M2.6 2.6h10.8v10.8H2.6zM2.6 10.4c3.4 0 3-5 6-5s2.4 3 4.8 3",
  light: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4"
    + "M3.3 3.3l1 1M11.7 11.7l1 1M12.7 3.3l-1 1M4.3 11.7l-1 1",
  dark: "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z",
  system: "M2.4 3h11.2v7.6H2.4zM6 13.4h4M8 10.6v2.8",
  help: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM6.3 6.3a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.9.7-.9 1.3M8 11.3v.1",
  pause: "M5.4 3.4v9.2M10.6 3.4v9.2",
  play: "M4.6 3l8 5-8 5z",
  stop: "M4 4h8v8H4z",
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  remove: "M3 4.4h10M6.2 4.2V2.8h3.6v1.4M4.4 4.6l.6 8.6h6l.6-8.6",
  undo: "M5.6 3L2.8 5.8l2.8 2.8M3 5.8h6.2a3.6 3.6 0 0 1 0 7.2H6",
  redo: "M10.4 3l2.8 2.8-2.8 2.8M13 5.8H6.8a3.6 3.6 0 0 0 0 7.2H10",
  search: "M7 2.6a4.4 4.4 0 1 1 0 8.8 4.4 4.4 0 0 1 0-8.8zM10.2 10.2l3.4 3.4",
  warning: "M8 2.4l6.2 11H1.8zM8 6.4v3.4M8 11.6v.1",
  running: "M8 2.2A5.8 5.8 0 1 1 2.2 8M8 5v3.2l2.2 1.4",
  grip: "M6 4v.1M10 4v.1M6 8v.1M10 8v.1M6 12v.1M10 12v.1",
  picture: "M2.4 3h11.2v10H2.4zM2.6 11l3.4-3.6 2.6 2.6 1.8-1.6 3 2.8M10.4 5.8v.1",
};

const SOLID = new Set(["play", "stop"]);

/** A drawing by name; `solid` fills it (a star that counts). */
export function icon(name, { solid = SOLID.has(name) } = {}) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", solid ? "icon solid" : "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.unclear);
  svg.append(path);
  return svg;
}
