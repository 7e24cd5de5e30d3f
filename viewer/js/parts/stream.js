// What a run says while it goes on: server-sent events, or asking every few seconds where those are not to be had.
//
// const stop = listen({address, after, onEvent, onState, onWay, signal})
//     address   api("p", project, "r", run); "/stream" and "/events" are put behind it
//     after     the id of the last event known
//     onEvent(event)  each event once, in order; onState(state) when the run's state changes
//     onWay("stream" | "polling" | "waiting")   how it listens now
//
// That the viewer cannot be heard at all is said on the page, once, and taken back when it can be: it goes on by itself.
//
// A hidden tab does not listen: browsers allow six connections to one host, and a stream keeps one. When the tab is
// seen again it goes on where it stopped.

import { get } from "../api.js";
import { say, unsay } from "./said.js";

const TO_OPEN = 5000; // milliseconds until a stream that does not open is given up for asking
const ASK_EVERY = 2000;
const STATE_EVERY = 4; // asks between two at how the run stands: a process that dies leaves no event
const TRY_STREAM_AGAIN = 60000;
const AT_ONCE = 500; // events asked for at a time
const NOT_LET_IN = 401;
const GONE = ["This run is not there any more: its folder was moved or deleted.", "What this page shows is what was read before."];
const ANEW = ["The viewer was started anew and does not know this page.",
  "`iterativectl viewer status --open` opens it; this page then goes on by itself."];

export function listen({ address, after, onEvent, onState = () => {}, onWay = () => {}, signal }) {
  let last = after ?? 0;
  let source = null;
  let timers = [];
  let lost = null; // what is said of a viewer that cannot be heard
  let asks = 0;
  let turn = 0; // an answer to what was asked in an earlier turn comes too late

  function later(milliseconds, what) { timers.push(setTimeout(what, milliseconds)); }
  function quiet() {
    turn += 1;
    source?.close();
    source = null;
    timers.forEach(clearTimeout);
    timers = [];
  }
  // What is asked for is always what comes after `last`, so nothing comes twice. A smaller id than before means that
  // the file was begun anew.
  function take(event) {
    last = event.id;
    onEvent(event);
  }

  function stream() {
    quiet();
    const mine = source = new EventSource(`${address}/stream?after=${last}`);
    const giveUp = () => { if (source === mine) poll(); };
    later(TO_OPEN, () => { if (mine.readyState !== EventSource.OPEN) giveUp(); });
    mine.onopen = () => { found(); onWay("stream"); };
    mine.addEventListener("event", (message) => take(JSON.parse(message.data)));
    mine.addEventListener("state", (message) => onState(JSON.parse(message.data)));
    // CONNECTING: the browser tries again by itself, with Last-Event-ID. CLOSED: it was refused.
    mine.onerror = () => {
      onWay("waiting");
      if (mine.readyState === EventSource.CLOSED)
        giveUp(); else later(TO_OPEN, () => { if (mine.readyState !== EventSource.OPEN) giveUp(); });
    };
  }

  function poll() {
    quiet();
    later(TRY_STREAM_AGAIN, stream);
    ask();
  }

  async function ask() {
    const mine = turn;
    try {
      const page = await get(`${address}/events?after=${last}&limit=${AT_ONCE}`, { signal });
      if (mine !== turn) return;
      if (found()) { stream(); return; } // it is back: streams are likely to be, too
      onWay("polling");
      page.events.forEach(take);
      last = page.last ?? last;
      if (!page.more && (asks += 1) % STATE_EVERY === 0) onState(standing(await get(address, { signal })));
      if (mine !== turn) return;
      later(page.more ? 0 : ASK_EVERY, ask);
    } catch (error) {
      if (error.name === "AbortError" || mine !== turn) return;
      if (!error.code) throw error;
      onWay("waiting");
      lose(error);
      later(ASK_EVERY * 2, ask);
    }
  }

  /** Of all that is known of a run, what a stream tells of its state. */
  const standing = ({ state, words, reason, latest, held, holder, request, preview }) =>
    ({ state, words, reason, latest, held, holder, request, preview });

  function lose(error) {
    if (lost) return;
    const [words, hint] = error.status === NOT_LET_IN ? ANEW : error.status === 404 ? GONE : [error.message, error.hint];
    lost = say(words, hint, { trouble: true, stays: true });
  }
  function found() {
    const was = lost;
    lost = null;
    if (was) unsay(was);
    return Boolean(was);
  }

  function seen() { if (document.hidden) quiet(); else stream(); }
  function stop() { quiet(); found(); document.removeEventListener("visibilitychange", seen); }
  document.addEventListener("visibilitychange", seen);
  signal?.addEventListener("abort", stop);
  if (!document.hidden) stream();
  return stop;
}
