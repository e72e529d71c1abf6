"use strict";
// Selections of tiles, kept in the browser so that each has an address that any tab of it can open.

const selections = (() => {
  const PREFIX = "tilescreen.selection.";
  const MOST = 10; // older ones make room

  const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).sort();

  // Keep ids, with where they were chosen; returns the page that shows them. Throws QuotaExceededError
  // if they are too many.
  function keep(ids, from) {
    const name = Date.now().toString(36); // names sort as they were made, for decades
    for (const old of keys().slice(0, -MOST + 1)) localStorage.removeItem(old);
    for (;;) {
      try {
        localStorage.setItem(PREFIX + name, JSON.stringify({ ids, from }));
        return `/view/review?selection=${name}`;
      } catch (error) {
        const [oldest] = keys();
        if (!oldest) throw error;
        localStorage.removeItem(oldest);
      }
    }
  }

  // A selection's {ids, from}, null where this browser does not have it.
  function find(name) {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  }

  return { keep, find };
})();
