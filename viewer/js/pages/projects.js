// The projects of the workspace.

import { api, get } from "../api.js";
import { fill, h } from "../dom.js";

export async function show({ main, title, signal }) {
  title("Projects");
  const found = await get(api("projects"), { signal });
  fill(main, h("h1", {}, "Projects"), h("ul", {}, found.projects.map((one) => h("li", {}, h("a", { href: `/p/${encodeURIComponent(one.name)}` }, one.name)))));
}
