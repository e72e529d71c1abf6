"use strict";
// Marks on tiles, as the Teach page sends them: those of one tile one after another, others at once. Nothing is shown
// as saved that the service has not acknowledged, and where an answer was lost it is asked what it has before anything
// is said. What was not saved stays told until that tile is marked again.

const marking = (() => {
  const AGAIN_PATIENCE_MS = 5000;
  const WORDS = { positive: "yes", negative: "no" };
  const { LOOK } = tilescreen;
  const LOST = "The service was asked again, and has it not. Mark it again.";
  const awaited = new Map(); // by tile: the mark that was asked for last, until it is known what became of it
  const unsaved = new Map(); // by tile: {say, message, unknown}
  let turn = 0;
  let news = false; // whether a mark was saved since all was ranked

  const word = (say) => WORDS[say] ?? "no mark";

  const concept = () => document.querySelector("[data-concept]").dataset.concept;

  const address = (rest = "") => `/concepts/${encodeURIComponent(concept())}${rest}`;

  // Write on the cards of a tile, or of all, what is awaited.
  function show(id) {
    for (const card of document.querySelectorAll(".teach-card")) {
      if (id !== undefined && card.dataset.id !== id) continue;
      const { says, mark } = card.dataset;
      const one = awaited.get(card.dataset.id);
      if (one) card.dataset.pending = `${word(one.say)}${one.lost ? "?" : "…"}`;
      else delete card.dataset.pending;
      const waits = one && `${word(one.say)}, ${one.lost ? "perhaps saved" : "not saved yet"}`;
      card.ariaLabel = [says, waits ?? (mark && `marked ${word(mark)}`)].filter(Boolean).join(", ");
    }
  }

  // Write a mark that the service has on the cards of its tile.
  function write(id, say) {
    for (const card of document.querySelectorAll(".teach-card")) {
      if (card.dataset.id !== id) continue;
      card.dataset.mark = say ?? "";
      for (const button of card.querySelectorAll("[data-say]")) button.ariaPressed = String(button.dataset.say === say);
    }
  }

  // Say what was not saved: tiles of the same problem in one sentence.
  function tell() {
    const place = document.getElementById("teach-unsaved");
    const groups = new Map();
    for (const [id, { say, message, unknown }] of unsaved) {
      const words = unknown ? LOOK : message;
      groups.set(words, [...(groups.get(words) ?? []), `${id} (${word(say)})`]);
    }
    const sentences = [...groups].map(([words, tiles]) =>
      `${words === LOOK ? "It is not known whether this was saved" : "Not saved"}: ${tiles.join(", ")}. ${words}`);
    place.hidden = !sentences.length;
    place.querySelector("p").textContent = sentences.join(" ");
  }

  // The marks that the service has, by tile.
  async function marks() {
    const { examples } = await tilescreen.ask("GET", address(), undefined, { patience: AGAIN_PATIENCE_MS });
    return new Map(examples.map((one) => [one.id, one.mark]));
  }

  // Whether a tile is marked so; null if no answer came.
  const stands = (id, say) =>
    tilescreen.lookAgain(async () => ((await marks()).get(id) ?? null) === say, Boolean).catch(() => null);

  // Send a mark, or take it back with null; returns {saved, message, unknown}.
  async function send(id, say) {
    try {
      const { failed } = say
        ? await tilescreen.ask("POST", address("/examples"), { [say]: [id] })
        : await tilescreen.ask("DELETE", address(`/examples/${encodeURIComponent(id)}`));
      return { saved: !failed.length, message: failed[0]?.error.detail };
    } catch ({ lost, message }) {
      const saved = lost ? await stands(id, say) : false;
      return { saved, message, unknown: saved === null };
    }
  }

  // Mark a tile; returns whether all is to be ranked anew now.
  async function mark(id, say) {
    if (!(await tilescreen.named())) return false;
    const before = awaited.get(id);
    if (before && !before.lost && before.say === say) return false;
    const own = { say, turn: ++turn };
    own.done = Promise.resolve(before?.done).then(() => send(id, say));
    awaited.set(id, own);
    unsaved.delete(id);
    tell();
    show(id);
    const { saved, message, unknown } = await own.done;
    if (saved) {
      news = true;
      write(id, say);
    }
    if (awaited.get(id) === own) {
      own.lost = unknown;
      if (!unknown) awaited.delete(id);
      if (!saved) unsaved.set(id, { say, message, unknown });
      tell();
    }
    show(id);
    return renewing(own.turn);
  }

  // Whether to rank anew: what was asked for later, and is awaited still, will ask for it.
  function renewing(after) {
    const due = news && ![...awaited.values()].some((one) => one.turn > after && !one.lost);
    if (due) news = false;
    return due;
  }

  // Mark again what was not saved; returns whether all is to be ranked anew.
  async function again() {
    const due = await Promise.all([...unsaved].map(([id, { say }]) => mark(id, say)));
    return due.some(Boolean);
  }

  // The service is reached: ask it what became of the marks of which nothing is known.
  async function settle() {
    const lost = [...awaited].filter(([, one]) => one.lost);
    if (!lost.length) return;
    const all = await marks();
    for (const [id, one] of lost) {
      if (awaited.get(id) !== one) continue;
      awaited.delete(id);
      if ((all.get(id) ?? null) === one.say) unsaved.delete(id);
      else unsaved.set(id, { say: one.say, message: LOST });
    }
    tell();
    show();
  }

  return { concept, address, mark, again, settle, show };
})();
