// A list that stays as it is on the disk: asked again every few seconds, while the page can be seen.
//
// follow(load, show, {signal})    load() -> data; show(data) whenever it says something else; both at once first.
//     Returns `again()`: ask now (a filter was changed). Answers that were overtaken are dropped. A failure is thrown
//     only for the first answer; later ones are said by `trouble(error)`, and taken back by `trouble(null)`.

const EVERY = 3000;

export async function follow(load, show, { signal, trouble = () => {}, every = EVERY }) {
  let turn = 0;
  let shown = "";
  let timer;

  async function ask() {
    const mine = (turn += 1);
    clearTimeout(timer);
    try {
      const data = await load();
      if (mine !== turn || signal.aborted) return;
      trouble(null);
      const said = JSON.stringify(data);
      if (said !== shown) { shown = said; show(data); }
    } finally {
      if (mine === turn && !signal.aborted && !document.hidden) timer = setTimeout(quietly, every);
    }
  }

  function quietly() { return ask().catch((error) => { if (error.name !== "AbortError" && !signal.aborted) trouble(error); }); }

  document.addEventListener("visibilitychange", () => { if (document.hidden) clearTimeout(timer); else quietly(); }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  await ask();
  return () => { shown = ""; return quietly(); };
}
