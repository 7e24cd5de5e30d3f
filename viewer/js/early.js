// Before anything is drawn: the colours a person chose, so that the page does not flash in the other ones.
// A classic script, for modules run only after the page is parsed.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* no storage to be had: the system's colours */ }
