// Talking to the server: JSON in, JSON out, errors as Failure with what happened and what to do.

/** `status` is HTTP's (0: the viewer could not be reached), `error` is {code, message, hint, problems?}. */
export class Failure extends Error {
  constructor(status, error, current = null) {
    super(error.message);
    Object.assign(this, { status, ...error, message: error.message, current });
  }
  get isConflict() { return this.status === 409; }
}

/** GET data. `signal` is an AbortSignal. */
export function get(path, { signal } = {}) {
  return ask(path, { signal, headers: { Accept: "application/json" } });
}

/** POST data; the header shows that no other page sent it. */
export function post(path, body, { signal } = {}) {
  return ask(path, {
    method: "POST", signal, body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-Iterativectl": "viewer" },
  });
}

/** The answer to what early.js has asked for already; null where it has not. */
function askedEarly(path) {
  const reply = window.askedEarly?.get(path) ?? null;
  window.askedEarly?.delete(path);
  return reply;
}

async function ask(path, options) {
  let reply;
  try {
    reply = await (options.method ? null : askedEarly(path)) ?? await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, { code: "unreachable", message: "The viewer does not answer.",
      hint: "Is it still running? `iterativectl viewer status` tells." });
  }
  const data = await reply.json().catch(() => null);
  if (reply.ok && data !== null) return data;
  const error = data?.error ?? { code: "http", message: `The viewer answered ${reply.status}.`, hint: "Load the page again." };
  throw new Failure(reply.status, error, data?.current ?? null);
}

/** What writes below an address, one after the other: of two quick clicks the later one must hold. */
export function writer(address) {
  let last = Promise.resolve();
  return (route, body) => { last = last.catch(() => {}).then(() => post(`${address}/${route}`, body)); return last; };
}

/** The API's address of a project, run or iteration: api("p", project, "r", run, "i", 3). */
export function api(...parts) { return "/api/" + parts.map(encodeURIComponent).join("/"); }

/** Addresses of pictures. `kind`: "full" as judged, "thumb" small, "raw" the generator's own bytes. */
export const pictures = {
  iteration: (project, run, n, kind = "full") => "/pictures/" + ["p", project, "r", run, "i", n, kind].map(encodeURIComponent).join("/"),
  input: (project, kind = "full") => "/pictures/" + ["p", project, "input", kind].map(encodeURIComponent).join("/"),
  source: (project, run, kind = "full") => "/pictures/" + ["p", project, "r", run, "input", kind].map(encodeURIComponent).join("/"),
  mask: (project, name) => "/pictures/" + ["p", project, "mask", name].map(encodeURIComponent).join("/"),
  preview: (project, run) => "/pictures/" + ["p", project, "r", run, "preview"].map(encodeURIComponent).join("/"),
};
