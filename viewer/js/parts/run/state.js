// What the run page knows: the run, the iteration that is looked at, and who wants to hear when that changes.
//
// shown.on(kind, listener), kinds: "run" (read anew), "chosen" (another iteration), "line" (n: one line changed),
// "full" (the chosen iteration in full arrived), "standing" (state, request or preview), "event" (one event), "spent",
// "making" (a preview is wanted, or not), "new" (the newest iteration), "follow", "way" (how the page listens), "trouble".
//
// `numbers` are the iterations that are done; `stops` are these and the picture that is not judged yet, `pending`.

import { api, get, pictures, writer } from "../../api.js";

const STANDING = ["state", "words", "reason", "held", "latest"];
const PATIENCE = 70; // milliseconds: whoever runs through the strip does not ask for each iteration in full
export const ACTIVE = ["running", "held"];
export const UNFINISHED = [...ACTIVE, "interrupted", "paused"];

export class Shown {
  constructor({ place, run, signal, setQuery }) {
    Object.assign(this, { place, run, signal, setQuery, n: null, follow: false, preview: false, usage: run.usage });
    this.address = api("p", place.project, "r", place.run);
    this.write = writer(this.address);
    this.listeners = new Map();
    this.inFull = new Map();
    this.index();
  }

  on(kind, listener) { this.listeners.set(kind, [...(this.listeners.get(kind) ?? []), listener]); }
  tell(kind, value) { for (const listener of this.listeners.get(kind) ?? []) listener(value); }

  index() {
    this.lines = new Map(this.run.iterations.map((line) => [line.n, line]));
    this.numbers = [...this.lines.keys()].sort((a, b) => a - b);
    this.pending = this.pictureOf(this.run.in_flight);
    this.stops = this.pending ? [...this.numbers, this.pending.n].sort((a, b) => a - b) : this.numbers;
  }

  /** The picture that is made and not judged yet; with a model on this machine that takes minutes. */
  pictureOf(flight) {
    if (!flight?.picture || this.lines.has(flight.iteration)) return null;
    const address = (kind) => pictures.iteration(this.place.project, this.place.run, flight.iteration, kind);
    return { n: flight.iteration, thumb: address("thumb"), full: address("full") };
  }

  get line() { return this.lines.get(this.n) ?? null; }
  get full() { return this.inFull.get(this.n)?.value ?? null; }
  get newest() { return this.numbers.at(-1) ?? null; }
  get last() { return this.stops.at(-1) ?? null; }
  get waits() { return this.pending !== null && this.pending.n === this.n; }
  get pendingWords() { return this.active && this.run.held ? "being judged" : "not judged yet"; }
  get active() { return ACTIVE.includes(this.run.state); }
  get unfinished() { return UNFINISHED.includes(this.run.state); }

  /** Look at an iteration. A person who turns to an older one does not want to be taken away from it. */
  choose(n, { byPerson = true } = {}) {
    if (!this.stops.includes(n)) return;
    const moved = n !== this.n;
    this.n = n;
    if (byPerson && this.follow && n !== this.last) this.setFollow(false);
    this.setQuery({ i: this.follow ? null : n });
    if (moved) { this.tell("chosen", n); this.askInFull(); }
  }

  /** One further (or back) in the strip. */
  step(by) {
    const at = this.stops.indexOf(this.n) + by;
    if (at >= 0 && at < this.stops.length) this.choose(this.stops[at]);
  }

  setFollow(on) {
    if (on !== this.follow) {
      this.follow = on;
      this.tell("follow", on);
    }
    if (on && this.last !== null) this.choose(this.last, { byPerson: false });
    this.setQuery({ follow: this.unfinished ? (on ? "1" : "0") : null, i: on ? null : this.n });
  }

  askInFull() {
    clearTimeout(this.timer);
    const n = this.n;
    if (this.waits || this.inFull.get(n)?.value) { this.tell("full", n); return; }
    this.timer = setTimeout(() => this.readInFull(n).then(
      () => { if (n === this.n) this.tell("full", n); },
      (error) => { if (error.name !== "AbortError" && n === this.n) this.tell("trouble", error); }), PATIENCE);
  }

  async readInFull(n) {
    const known = this.inFull.get(n);
    if (known) return known.asked;
    const entry = { value: null };
    entry.asked = get(api("p", this.place.project, "r", this.place.run, "i", n), { signal: this.signal })
      .then((value) => { entry.value = value; return value; });
    entry.asked.catch(() => { if (this.inFull.get(n) === entry) this.inFull.delete(n); });
    this.inFull.set(n, entry);
    return entry.asked;
  }

  /** Something of one iteration changed here: stars, a note, a person's verdict. */
  change(n, changes) {
    const line = this.lines.get(n);
    if (!line) return;
    Object.assign(line, changes);
    const full = this.inFull.get(n)?.value;
    if (full) Object.assign(full, changes);
    this.tell("line", n);
  }

  spent(usage) { this.usage = usage; this.tell("spent", usage); }

  /** How the run stands, as the stream says; only when that changed there is more to read. */
  stands(state) {
    const before = STANDING.map((key) => this.run[key]);
    Object.assign(this.run, state);
    if (STANDING.some((key, at) => this.run[key] !== before[at])) this.reload();
    this.tell("standing");
  }

  /** Read the run anew; asked for twice at once, it is read once more afterwards. */
  async reload() {
    if (this.reading) { this.again = true; return; }
    this.reading = true;
    try {
      do { this.again = false; this.take(await get(this.address, { signal: this.signal })); } while (this.again);
    } catch (error) {
      if (error.name !== "AbortError") this.tell("trouble", error);
    } finally { this.reading = false; }
  }

  take(run) {
    const before = { newest: this.newest, last: this.last };
    for (const line of run.iterations) {
      const old = this.lines.get(line.n);
      if (old && JSON.stringify(old) !== JSON.stringify(line)) this.inFull.delete(line.n);
    }
    // What was spent only grows: an event may know more than what was read a moment before it.
    const usage = (this.usage?.requests ?? 0) > (run.usage?.requests ?? 0) ? this.usage : run.usage;
    Object.assign(this, { run, usage });
    this.index();
    this.tell("run");
    if (!this.stops.includes(this.n)) this.n = null;
    if (this.last !== before.last && this.last !== null && (this.follow || this.n === null)) this.choose(this.last, { byPerson: false });
    if (this.n !== null && !this.waits && !this.inFull.has(this.n)) this.askInFull();
    if (this.newest !== before.newest) this.tell("new", this.newest);
  }
}
