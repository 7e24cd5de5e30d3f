// Saving a ranking by itself, and saying honestly how that stands.
//
// It is saved a moment after each change, without a button: a ranking is many small moves, and nobody thinks of
// saving after a drag. So the page must never look saved when it is not: "saved" is said after the server's answer,
// which comes after the file is on the disk, and everything else is said as what it is.
//
// keeper({address, ranking, notes, sha256, tell}) -> `.touch({ranking, notes})` after a change, `.save()` at once,
// `.takeTheirs()` and `.writeMine()` after a conflict, `.unsaved`; `.follow(theirs)` where nothing is unsaved, true if
// they are another ranking than the one that is known. tell(state, error), states: "saved", "waiting",
// "saving", "failed", "conflict" (error.current is what the file says now).

import { post } from "../../api.js";

const WAIT = 500; // milliseconds after the last change
const AGAIN = 5000; // until it is tried again when the viewer did not answer, did not know us, or somebody else was writing
const PASSING = [0, 401, 423];

export function keeper({ address, ranking, notes, sha256, tell }) {
  let wanted = { ranking, notes };
  let based = sha256;
  let state = "saved", trouble = null, changes = 0, kept = 0, running = null, timer;

  const set = (next, error = null) => { state = next; trouble = error; tell(state, error); };
  const later = (wait) => { clearTimeout(timer); timer = setTimeout(save, wait); };

  function touch(next) {
    wanted = next;
    changes += 1;
    if (state === "conflict") return; // nothing is written until a person has decided
    set("waiting");
    later(WAIT);
  }

  function save() {
    clearTimeout(timer);
    if (running || state === "conflict" || kept === changes) return running;
    running = send().finally(() => { running = null; if (state === "waiting") later(0); });
    return running;
  }

  async function send() {
    const sent = changes;
    set("saving");
    try {
      const there = await post(`${address}/ranking`, { ...wanted, based_on: based });
      based = there.sha256;
      kept = sent;
      set(changes === sent ? "saved" : "waiting");
    } catch (error) {
      if (!error.code) throw error;
      set(error.isConflict ? "conflict" : "failed", error);
      if (PASSING.includes(error.status)) later(AGAIN);
    }
  }

  /** What somebody else wrote counts; what was done here since is dropped. Answers what they wrote. */
  function takeTheirs() {
    const theirs = trouble.current;
    based = theirs.sha256;
    wanted = { ranking: theirs.ranking, notes: theirs.notes };
    kept = changes;
    set("saved");
    return theirs;
  }

  /** Mine over what was shown, and only over that: if it has changed again, it is a conflict again. */
  function writeMine() {
    based = trouble.current.sha256;
    changes += 1;
    set("waiting");
    return save();
  }

  /** What somebody else wrote while nothing was done here. */
  function follow(theirs) {
    if (kept !== changes || state !== "saved" || theirs.sha256 === based) return false;
    based = theirs.sha256;
    wanted = { ranking: theirs.ranking, notes: theirs.notes };
    return true;
  }

  return { touch, save, takeTheirs, writeMine, follow, get unsaved() { return kept !== changes; },
    get state() { return state; }, end: () => clearTimeout(timer) };
}
