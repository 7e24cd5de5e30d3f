// Numbers, times and money, as people read them.

const DASH = "–";

export const score = (value) => (value === null || value === undefined ? DASH : String(Math.round(value * 10) / 10));
export const share = (value) => (value === null || value === undefined ? DASH : value.toFixed(2));
export const percent = (value) => (value === null || value === undefined ? DASH : `${Math.round(value * 100)} %`);

/** US dollars; small sums keep the digits that say something. */
export function money(value) {
  if (value === null || value === undefined) return DASH;
  if (value === 0) return "$0";
  return value < 0.01 ? `$${value.toPrecision(2)}` : `$${value.toFixed(2)}`;
}

/** Seconds: "8 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return DASH;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds - minutes * 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long ago, from ISO 8601. */
export function ago(iso, now = Date.now()) {
  if (!iso) return DASH;
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 86400 * 14) return `${Math.round(seconds / 86400)} days ago`;
  return new Date(iso).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** Local date and time. */
export const when = (iso) => (Number.isNaN(Date.parse(iso))
  ? DASH
  : new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));

/** What a run is called: when it began; its id where that is not known. */
export const runName = ({ run_id: id, started_at: began }) => (Number.isNaN(Date.parse(began)) ? id : when(began));
