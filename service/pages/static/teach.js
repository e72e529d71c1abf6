"use strict";
// Marks examples, and shows the tiles as they are ranked after it.

const problem = document.getElementById("teach-problem");

async function ask(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const told = await answer.json();
  problem.hidden = answer.ok;
  problem.textContent = answer.ok ? "" : told.detail;
  if (!answer.ok) throw new Error(told.detail);
  return told;
}

function concept() {
  return document.querySelector("[data-concept]").dataset.concept;
}

function address(rest = "") {
  return `/concepts/${encodeURIComponent(concept())}${rest}`;
}

// Cards of both walls, in the order of the page.
function cards() {
  return [...document.querySelectorAll(".teach-card")];
}

let turn = 0;

async function mark(card, say) {
  const at = cards().indexOf(card);
  const own = ++turn;
  card.dataset.mark = say ?? "";
  if (say) await ask("POST", address("/examples"), { [say]: [card.dataset.id] });
  else await ask("DELETE", address(`/examples/${encodeURIComponent(card.dataset.id)}`));
  if (own === turn) await renew(at);
}

// The server ranks and renders; this puts what it says in place and keeps the focus there.
async function renew(at) {
  const own = turn;
  const answer = await fetch(`/view/teach?concept=${encodeURIComponent(concept())}`);
  if (!answer.ok || own !== turn) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("board").replaceWith(page.getElementById("board"));
  const all = cards();
  all[Math.min(at, all.length - 1)]?.focus();
  document.dispatchEvent(new CustomEvent("taught", { detail: concept() }));
  await evaluate();
}

async function evaluate() {
  const place = document.getElementById("held-out");
  if (!document.querySelector("#board .score")) return;
  const own = turn;
  const { evaluation } = await ask("GET", address());
  if (own !== turn || !place.isConnected) return;
  const figures = evaluation.average_precision === null
    ? ""
    : `On ${evaluation.scans} scans held out in turn: average precision `
      + `${evaluation.average_precision.toFixed(3)}, AUC ${evaluation.auc.toFixed(3)}. `;
  place.textContent = figures + evaluation.note;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  const card = event.target.closest(".teach-card");
  try {
    if (card && button?.dataset.say) {
      const again = button.getAttribute("aria-pressed") === "true";
      await mark(card, again ? null : button.dataset.say);
    } else if (button?.dataset.make !== undefined) {
      await ask("PUT", address(), {});
      location.reload();
    } else if (button?.dataset.publish !== undefined) {
      await publish(button);
    } else if (button?.dataset.activate) {
      await ask("POST", `/bundles/${button.dataset.activate}:activate`);
      location.reload();
    }
  } catch {
    // The problem is on the page already.
  }
});

async function publish(button) {
  const place = document.getElementById("published");
  button.disabled = true;
  place.textContent = "Writing and proving it…";
  try {
    const made = await ask("POST", "/concepts:publish");
    place.textContent = `${made.name} is written, with ${made.concepts.join(", ")}. `;
    const next = document.createElement("button");
    next.type = "button";
    next.dataset.activate = made.id;
    next.textContent = "Serve it now";
    place.append(next);
  } catch {
    place.textContent = "";
  } finally {
    button.disabled = false;
  }
}

const KEYS = { y: "positive", n: "negative", u: null };
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".teach-card");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (event.key in STEPS) {
    event.preventDefault();
    const all = cards();
    all[all.indexOf(card) + STEPS[event.key]]?.focus();
  } else if (key in KEYS && !event.repeat) {
    event.preventDefault();
    mark(card, KEYS[key]).catch(() => {});
  }
});

evaluate().catch(() => {});
