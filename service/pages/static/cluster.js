"use strict";
// A cluster: decide for all of its tiles at once, and name it.

(() => {
  const root = document.getElementById("cluster");
  const { label, size } = root.dataset;
  const told = root.querySelector(".told");
  let decided = false;
  let busy = false;
  let whole = null; // what was decided last for all, until anything else is

  // All members, a thousand at a time.
  async function members() {
    const ids = [];
    let cursor = null;
    do {
      const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await tilescreen.ask("GET", `/clusters/${label}?limit=1000${after}`);
      ids.push(...page.members.map((one) => one.id));
      cursor = page.next;
    } while (cursor !== null);
    if (ids.length !== Number(size)) throw new Error("Another bundle is served now. Load the page again.");
    return ids;
  }

  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-whole]");
    if (!button || busy) return;
    if (button.dataset.whole === whole) {
      told.textContent = `All ${Number(size).toLocaleString("en")} were decided so a moment ago: ${whole}.`;
      return;
    }
    told.textContent = "Deciding…";
    busy = decided = true;
    try {
      await tilescreen.decide(await members(), button.dataset.whole);
    } catch (error) {
      tilescreen.write(told, `Not saved. ${error.message}`);
    }
    busy = false;
    if (told.textContent === "Deciding…") told.textContent = "";
  });
  document.addEventListener("decided", ({ detail }) => {
    whole = detail.undone || detail.results.length < Number(size) ? null : detail.decision;
    const count = detail.results.length.toLocaleString("en");
    const tiles = `${count} ${detail.results.length === 1 ? "tile" : "tiles"}`;
    const words = detail.undone ? `Undone for ${tiles}.` : `${detail.decision}: saved for ${tiles}.`;
    if (decided) told.textContent = detail.results.length ? words : "There is nothing to undo.";
  });

  // Somebody named it meanwhile: say how, so that the next try is made knowing it. Returns whether that is known.
  async function otherwise(line) {
    const now = await tilescreen.ask("GET", `/clusters/${label}?limit=1`).catch(() => null);
    if (!now) return false;
    form.dataset.tag = now.etag;
    const called = now.name === null ? "took its name away" : `named it ${now.name}`;
    line.textContent = `Not saved: somebody ${called} since this page was opened. Save again if you differ.`;
    return true;
  }

  const form = document.getElementById("naming");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const line = form.querySelector(".told");
    if (!(await tilescreen.named())) return;
    const headers = { "If-Match": form.dataset.tag };
    try {
      const saved = await tilescreen.ask("PUT", `/clusters/${label}/name`, { name: form.elements.name.value }, { headers });
      form.dataset.tag = saved.etag;
      line.textContent = saved.name === null ? "The name is taken away." : `Saved as ${saved.name}.`;
      document.querySelector("h1").textContent = saved.name ?? `Cluster ${label}`;
    } catch (error) {
      if (error.status === 412 && (await otherwise(line))) return;
      tilescreen.write(line, `${error.lost ? "It is not known whether it was saved." : "Not saved."} ${error.message}`);
    }
  });
})();
