"use strict";
// Marks examples, and shows the tiles as they are ranked after it.

const WIDE = 0.2; // of an interval of average precision
const WRITING_MS = 600000; // that a bundle version may take
const WRITTEN = "No answer came. Publish again: a version that was written already stays the same.";
const NO_FRAME = "Nothing was marked: no tile has the frame. Click on one, or go there with Tab, and press the key again.";
const { address, concept } = marking;
const problem = document.getElementById("teach-problem");

// Say what went wrong; it stays until what it is about has been done.
function tell(about, words) {
  problem.dataset.about = about;
  tilescreen.write(problem, words);
  problem.hidden = !words;
}

function done(about) {
  if (problem.dataset.about === about) tell(about, "");
}

// Ask for a change of the concept or the bundle.
async function ask(method, path, body, options) {
  done("change");
  try {
    return await tilescreen.ask(method, path, body, options);
  } catch (error) {
    tell("change", error.message);
    throw error;
  }
}

// Ask for a change; where the answer is lost, `look` says what became of it: what was made, else nothing.
// Throws, and says so, where it was not done or nobody can know yet.
async function surely(look, ...request) {
  try {
    return await ask(...request);
  } catch (error) {
    if (!error.lost) throw error;
    const unknown = () => tell("change", `It is not known whether this was done. ${tilescreen.LOOK}`);
    const made = await tilescreen.lookAgain(look, Boolean).catch(unknown);
    if (!made) throw error;
    return made;
  }
}

// It is kept with a name, so who makes the first one is asked for it. Nothing without one.
async function change(look, ...request) {
  return (await tilescreen.named()) ? surely(look, ...request) : null;
}

// The concept of a name, null where there is none.
async function standing(name) {
  try {
    return await tilescreen.ask("GET", `/concepts/${encodeURIComponent(name)}`);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

const isGone = async (name) => !(await standing(name));

// Whether a bundle is the one that answers.
const serves = async (bundle) => (await tilescreen.ask("GET", "/bundle")).bundle_id === bundle;

// Cards that can be seen, in the order of the page.
function cards() {
  return [...document.querySelectorAll(".teach-card")].filter((card) => !card.closest("details:not([open])"));
}

async function mark(card, say) {
  if (await marking.mark(card.dataset.id, say)) await renew();
}

// Mark a tile: at once, but for an undo that is awaited.
function typed(card, say) {
  inOrder(() => {
    mark(card, say).catch(() => {}); // the problem is on the page already
  });
}

// Take one's last mark back, and go to that tile where it is shown. Returns whether it was.
async function undo() {
  const undone = await marking.undo().catch(() => {
    tilescreen.warn(`It is not known whether your last mark was saved, so nothing was undone. ${tilescreen.LOOK}`);
    return { saved: false };
  });
  if (!undone) {
    tilescreen.warn("You have marked nothing since this page was opened. All marks are under “Marked so far”.");
    return false;
  }
  if (undone.due) await renew().catch(() => {}); // told already
  if (!undone.saved) return false;
  tilescreen.say(`${undone.id}: marked as before.`);
  cards().find((one) => one.dataset.id === undone.id)?.focus();
  return true;
}

let renewals = 0;

// The server ranks and renders; this puts what it says in place. Wherever the focus is by now, it stays there.
async function renew() {
  const own = ++renewals;
  const page = await ranked();
  if (own !== renewals) return;
  const board = document.getElementById("board");
  const held = document.activeElement.closest("#board .teach-card");
  const at = held ? inWall(wall(held)).indexOf(held) : 0;
  const opened = board.querySelector("details")?.open;
  board.replaceWith(page.getElementById("board"));
  if (opened) document.querySelector("#board details")?.toggleAttribute("open", true);
  marking.show();
  if (held) again(held, at)?.focus();
  tellNewer();
  document.dispatchEvent(new CustomEvent("taught", { detail: concept() }));
  await Promise.all([marking.settle(), evaluate()]);
}

async function ranked() {
  const answer = await tilescreen.reach(`/view/teach?concept=${encodeURIComponent(concept())}`).catch(() => null);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  if (page && page.getElementById("board")) {
    done("ranking");
    return page;
  }
  tell("ranking", "The mark is saved, but the new ranking could not be fetched. Load the page again when the service is reached.");
  throw new Error(problem.textContent);
}

// The card of the same tile in the same wall, else whichever stands in its place there: who marks one after
// another stays where they are. Of a wall that is empty by now, the same tile elsewhere, or the first of all.
function again(card, at) {
  const beside = inWall(wall(card));
  const same = (some) => some.find((one) => one.dataset.id === card.dataset.id);
  return same(beside) ?? beside[Math.min(at, beside.length - 1)] ?? same(cards()) ?? cards()[0];
}

const wall = (card) => card.closest("section").getAttribute("aria-labelledby");
const inWall = (name) => cards().filter((one) => wall(one) === name);

async function evaluate() {
  const place = document.getElementById("held-out");
  if (!document.querySelector("#board .score")) return;
  const { evaluation } = await tilescreen.ask("GET", address()).catch(() => ({}));
  if (!place.isConnected) return; // all is ranked anew since
  place.textContent = evaluation ? figures(evaluation) : "How well it does could not be asked; load the page again.";
}

function figures(evaluation) {
  return evaluation.average_precision === null ? evaluation.note : explained(evaluation);
}

// What held-out scans say, for who has never heard of average precision.
function explained({ scans, average_precision: precision, interval, level, auc }) {
  const percent = (share) => `${Math.round(100 * share)} %`;
  const wide = interval.high - interval.low > WIDE
    ? ` The interval is wide because only ${scans} scans hold marks; mark tiles of other scans to narrow it.` : "";
  return `On ${scans} scans held out in turn, average precision ${precision.toFixed(2)}, ${percent(level)} interval `
    + `${interval.low.toFixed(2)} to ${interval.high.toFixed(2)}: looking down the ranking of the marked tiles to any that shows it, `
    + `about ${percent(precision)} of those passed show it too.${wide} AUC ${auc.toFixed(3)}.`;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  const card = event.target.closest(".teach-card");
  try {
    if (card && button?.dataset.say) {
      const again = button.getAttribute("aria-pressed") === "true";
      typed(card, again ? null : button.dataset.say);
    } else if (button?.dataset.again !== undefined) {
      if (await marking.again()) await renew();
    } else if (button?.dataset.make !== undefined) {
      if (await change(() => standing(concept()), "PUT", address(), {})) location.reload();
    } else if (button?.dataset.away !== undefined) {
      document.getElementById("sure").showModal();
    } else if (button?.dataset.delete !== undefined) {
      document.getElementById("sure").close();
      if (await change(() => isGone(concept()), "DELETE", address())) location.assign("/view/teach");
    } else if (button?.dataset.publish !== undefined) {
      await publish(button);
    } else if (button?.dataset.activate) {
      const { activate: bundle } = button.dataset;
      await surely(() => serves(bundle), "POST", `/bundles/${bundle}:activate`, undefined, { patience: WRITING_MS });
      location.reload();
    }
  } catch {
    // The problem is on the page already.
  }
});

document.getElementById("rename")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = event.target.elements.name.value.trim();
  const look = async () => (await isGone(concept())) && standing(name);
  const renamed = await change(look, "PATCH", address(), { name }).catch(() => null);
  if (renamed) location.assign(`/view/teach?concept=${encodeURIComponent(renamed.concept.name)}`);
});

// A version that waits to be served does not hold what was marked since it was written.
function tellNewer() {
  const next = document.querySelector("#published [data-activate]");
  if (next && !next.nextSibling) next.after(" Marks made since are not in it: publish again to have them.");
}

// A key that reviews may teach, and not publish.
if (tilescreen.role === "review") document.querySelector("[data-publish]")?.replaceWith("Somebody with an admin key publishes it.");

async function publish(button) {
  const place = document.getElementById("published");
  button.disabled = true;
  place.textContent = "Writing and proving it…";
  try {
    const made = await ask("POST", "/concepts:publish", undefined, { patience: WRITING_MS });
    place.textContent = `${made.name} is written, with ${made.concepts.join(", ")}. `;
    const next = document.createElement("button");
    next.type = "button";
    next.dataset.activate = made.id;
    next.textContent = "Serve it now";
    place.append(next);
  } catch ({ lost }) {
    place.textContent = "";
    if (lost) tell("change", WRITTEN);
  } finally {
    button.disabled = false;
  }
}

const KEYS = { y: "positive", n: "negative" };
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, dialog")) return;
  const card = event.target.closest?.(".teach-card");
  const letter = tilescreen.letter(event);
  if (letter === "u" && document.getElementById("board")) {
    event.preventDefault();
    if (!event.repeat) inOrder(undo);
  } else if (!card) {
    if (letter in KEYS && document.getElementById("board")) tilescreen.warn(NO_FRAME);
  } else if (event.key in STEPS) {
    event.preventDefault();
    const all = cards();
    all[all.indexOf(card) + STEPS[event.key]]?.focus();
  } else if (letter in KEYS && !event.repeat) {
    event.preventDefault();
    typed(card, KEYS[letter]);
  }
});

// The first tile has the frame from the start, unless somebody is somewhere else already.
if (document.activeElement === document.body) cards()[0]?.focus({ preventScroll: true });
evaluate().catch(() => {});
