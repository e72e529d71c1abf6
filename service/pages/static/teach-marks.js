"use strict";
// Marks on tiles, as the Teach page sends them: those of one tile one after another, others at once. Nothing is shown
// as saved that the service has not acknowledged, and where an answer was lost it is asked what it has before anything
// is said. What was not saved stays told until that tile is marked again. A mark on a tile that somebody else marked
// since it was shown is refused, and told whose it is. Who leaves while a mark is awaited is asked first.

const marking = (() => {
  const AGAIN_PATIENCE_MS = 5000;
  const WORDS = { positive: "yes", negative: "no" };
  const { LOOK } = tilescreen;
  const LOST = "The service was asked again, and has it not. Mark it again.";
  const awaited = new Map(); // by tile: the mark that was asked for last, until it is known what became of it
  const unsaved = new Map(); // by tile: {say, message, unknown}
  const known = new Map(); // by tile: the last event that this page knows of, where it is later than the board
  const done = []; // marks of this page, the latest last: {id, say, before}
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
    tilescreen.write(place.querySelector("p"), sentences.join(" "));
  }

  // The marks that the service has, by tile, and as of which event.
  async function marks() {
    const { examples, as_of } = await tilescreen.ask("GET", address(), undefined, { patience: AGAIN_PATIENCE_MS });
    return { all: new Map(examples.map((one) => [one.id, one.mark])), as_of };
  }

  // The number of the event as of which a tile is marked so; 0 if it is not, null if no answer came.
  const stands = (id, say) =>
    tilescreen.lookAgain(async () => {
      const { all, as_of } = await marks();
      return (all.get(id) ?? null) === say ? as_of : 0;
    }, Boolean).catch(() => null);

  // What this page knows of a tile: all until the board was ranked, and its own marks since.
  const asOf = (id) => Math.max(Number(document.getElementById("board").dataset.asOf), known.get(id) ?? 0);

  // Send a mark, or take it back with null; returns {saved, message, unknown, changed}.
  async function send(id, say) {
    try {
      const as_of = asOf(id);
      const { failed, as_of: now } = say
        ? await tilescreen.ask("POST", address("/examples"), { [say]: [id], as_of })
        : await tilescreen.ask("DELETE", address(`/examples/${encodeURIComponent(id)}?as_of=${as_of}`));
      if (!failed.length) known.set(id, now);
      return { saved: !failed.length, message: failed[0] && tilescreen.words(failed[0].error) };
    } catch ({ lost, message, status }) {
      const now = lost ? await stands(id, say) : 0;
      if (now) known.set(id, now);
      return { saved: Boolean(now), message, unknown: now === null, changed: status === 412 };
    }
  }

  // How a tile is marked, as far as its cards say.
  const shown = (id) => document.querySelector(`.teach-card[data-id="${CSS.escape(id)}"]`)?.dataset.mark || null;

  // Mark a tile; returns whether all is to be ranked anew now.
  const mark = async (id, say) => (await put(id, say)).due;

  // Mark a tile; returns {due, saved}.
  async function put(id, say, { undoing = false } = {}) {
    if (!(await tilescreen.named())) return { due: false, saved: false };
    const before = awaited.get(id);
    if (before && !before.lost && before.say === say) return { due: false, saved: false };
    const own = { say, turn: ++turn, before: shown(id) };
    own.done = Promise.resolve(before?.done).then(() => send(id, say));
    awaited.set(id, own);
    unsaved.delete(id);
    tell();
    show(id);
    const { saved, message, unknown, changed } = await own.done;
    if (saved || changed) news = true;
    if (saved) {
      const was = before && (await before.done).saved ? before.say : own.before;
      if (!undoing) done.push({ id, say, before: was });
      write(id, say);
    }
    if (awaited.get(id) === own) {
      own.lost = unknown;
      if (!unknown) awaited.delete(id);
      if (!saved) unsaved.set(id, { say, message, unknown });
      tell();
    }
    show(id);
    return { due: renewing(own.turn), saved };
  }

  // Whether to rank anew: what was asked for later, and is awaited still, will ask for it.
  function renewing(after) {
    const due = news && ![...awaited.values()].some((one) => one.turn > after && !one.lost);
    if (due) news = false;
    return due;
  }

  // Take back the last mark of this page, wherever its tile is shown by now; returns {id, due, saved}: the tile, whether
  // all is to be ranked anew, and whether it is taken back. Null where there is none; one that was not saved is told
  // already, and no other is taken back in its place. Throws while it is not known what became of it.
  async function undo() {
    const asked = [...awaited.values()].sort((a, b) => a.turn - b.turn).at(-1);
    if (asked) {
      const { saved, unknown } = await asked.done;
      if (!saved && !(unknown && (await settle()).includes(asked))) return { due: renewing(asked.turn), saved: false };
    }
    const last = done.pop();
    if (!last) return null;
    const { due, saved } = await put(last.id, last.before, { undoing: true });
    if (!saved) done.push(last);
    return { id: last.id, due, saved };
  }

  // Mark again what was not saved; returns whether all is to be ranked anew.
  async function again() {
    const due = await Promise.all([...unsaved].map(([id, { say }]) => mark(id, say)));
    return due.some(Boolean);
  }

  // The service is reached: ask it what became of the marks of which nothing is known. Returns those that it has.
  async function settle() {
    const lost = [...awaited].filter(([, one]) => one.lost);
    if (!lost.length) return [];
    const { all, as_of } = await marks();
    const has = [];
    for (const [id, one] of lost) {
      if (awaited.get(id) !== one) continue;
      awaited.delete(id);
      if ((all.get(id) ?? null) === one.say) {
        unsaved.delete(id);
        known.set(id, as_of);
        done.push({ id, say: one.say, before: one.before });
        write(id, one.say);
        has.push(one);
      } else unsaved.set(id, { say: one.say, message: LOST });
    }
    tell();
    show();
    return has;
  }

  addEventListener("beforeunload", (event) => {
    if ([...awaited.values()].some((one) => !one.lost)) event.preventDefault();
  });

  return { concept, address, mark, undo, again, settle, show };
})();
