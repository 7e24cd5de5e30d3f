// Before a page is left on which something is not saved, it is asked about.
//
// askBeforeLeaving({unsaved, stuck, may, go, signal})
//     unsaved()   whether the tab may not simply be closed
//     stuck()     whether a link may not simply be followed; as `unsaved` if not given
//     may()       asks the person; a promise of true where the link is to be followed

export function askBeforeLeaving({ unsaved, stuck = unsaved, may, go, signal }) {
  addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); }, { signal });
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || !stuck() || !leadsAway(event, link)) return;
    event.preventDefault();
    event.stopPropagation();
    if (await may()) go(link.pathname + link.search);
  }, { signal, capture: true });
}

/** Not a place on this page, another tab, or a download. */
function leadsAway(event, link) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  return !link.hash && !link.target && !link.hasAttribute("download") && link.origin === location.origin;
}
