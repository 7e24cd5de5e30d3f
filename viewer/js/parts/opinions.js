// What a person says of a run's pictures, for a page that does not follow the run.
//
// opinions({address, lines, changed}) is what parts/judging.js and parts/notes.js work on: `.choose(n)` turns to a
// picture; changed(n) is called when stars, marks or a note of one changed.

import { writer } from "../api.js";

export function opinions({ address, lines, changed }) {
  const listeners = [];
  const tell = (kind, value) => listeners.filter(([wanted]) => wanted === kind).forEach(([, listener]) => listener(value));
  return {
    n: null, lines, address, write: writer(address),
    get line() { return this.lines.get(this.n) ?? null; },
    on(kind, listener) { listeners.push([kind, listener]); },
    choose(n) { if (n !== this.n) { this.n = n; tell("chosen"); } },
    change(n, changes) { Object.assign(this.lines.get(n), changes); changed(n); tell("line", n); },
  };
}
