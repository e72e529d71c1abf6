"use strict";
// A cluster: decide for all of its tiles at once, and name it.

(() => {
  const root = document.getElementById("cluster");
  const { label, size } = root.dataset;
  const told = root.querySelector(".told");
  let decided = false;

  // All members, a thousand at a time.
  async function members() {
    const ids = [];
    let cursor = null;
    do {
      const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = await fetch(`/clusters/${label}?limit=1000${after}`);
      const page = await answer.json();
      if (!answer.ok) throw new Error(page.detail);
      ids.push(...page.members.map((one) => one.id));
      cursor = page.next;
    } while (cursor !== null);
    if (ids.length !== Number(size)) throw new Error("Another bundle is served now. Load the page again.");
    return ids;
  }

  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-whole]");
    if (!button) return;
    told.textContent = "Deciding…";
    try {
      decided = true;
      await tilescreen.decide(await members(), button.dataset.whole);
    } catch (error) {
      told.textContent = `Not saved. ${error.message}`;
    }
    if (told.textContent === "Deciding…") told.textContent = "";
  });
  document.addEventListener("decided", ({ detail }) => {
    const count = detail.results.length.toLocaleString("en");
    const words = detail.undone ? `Undone for ${count} tiles.` : `${detail.results[0]?.state ?? ""}: saved for ${count} tiles.`;
    if (decided) told.textContent = detail.results.length ? words : "There is nothing to undo.";
  });

  const form = document.getElementById("naming");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const line = form.querySelector(".told");
    if (!(await tilescreen.named())) return;
    try {
      const saved = await tilescreen.ask("PUT", `/clusters/${label}/name`, { name: form.elements.name.value });
      line.textContent = saved.name === null ? "The name is taken away." : `Saved as ${saved.name}.`;
      document.querySelector("h1").textContent = saved.name ?? `Cluster ${label}`;
    } catch (error) {
      line.textContent = `${error.lost ? "It is not known whether it was saved." : "Not saved."} ${error.message}`;
    }
  });
})();
