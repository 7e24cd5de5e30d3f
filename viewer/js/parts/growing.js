// A run that grows while one looks at its pictures: it is read anew when there is a picture more, and when it ends.
//
// const stop = growing({address, run, took, signal})
//     address   api("p", project, "r", run)
//     run       the run as it was read last
//     took(run) whenever it was read anew; the page keeps what it shows and adds what is new
//
// An ended run is not listened to; it is looked at again when the tab is.

import { get } from "../api.js";
import { UNFINISHED } from "./run/state.js";
import { sayTrouble } from "./said.js";
import { listen } from "./stream.js";

const TELLING = ["run_started", "iteration_committed", "iteration_failed", "run_finished"];

export function growing({ address, run, took, signal }) {
  let now = run;
  let stop = null;
  let reading = false, again = false;

  /** Asked for twice at once, it is read once more afterwards. */
  async function read() {
    again = reading;
    if (reading) return;
    reading = true;
    try {
      do { again = false; now = await get(address, { signal }); } while (again);
      if (signal.aborted) return;
      attend();
      await took(now);
    } catch (error) {
      if (error.name !== "AbortError" && !signal.aborted) sayTrouble(error);
    } finally { reading = false; }
  }

  function attend() {
    const goesOn = UNFINISHED.includes(now.state);
    if (goesOn === Boolean(stop)) return;
    if (!goesOn) { end(); return; }
    stop = listen({ address, after: now.last_event ?? 0, signal,
      onEvent: (event) => { if (TELLING.includes(event.type)) read(); },
      onState: (state) => { if (state.state !== now.state || state.held !== now.held) read(); } });
  }
  function end() { stop?.(); stop = null; }

  document.addEventListener("visibilitychange", () => { if (!document.hidden && !stop) read(); }, { signal });
  attend();
  return end;
}
