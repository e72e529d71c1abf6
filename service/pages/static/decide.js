"use strict";
// Decisions, for every page: `<button data-decide="drop" data-ids='["a", "b"]'>` decides on these tiles,
// `<button data-undo>` takes the reviewer's last request back. An element with data-state-of="a" gets data-state,
// and data-pending while the answer is awaited; if it holds no other element, also the word. One with data-says
// is named by that and the state, for who does not see it.
// The document hears "deciding" {ids, decision}, "decided" {results, batch, undone, counts}, "refused" {ids, after, message},
// where `after` are the ids of what was asked for after it, which is not saved either.
// Nothing is shown as saved that the service has not acknowledged.

const tilescreen = (() => {
  const COOKIE = "tilescreen_reviewer";
  const YEAR_S = 31536000;
  const PATIENCE_MS = 20000;
  const LONGEST = 80; // of a name, in characters; an emoji is one of them
  const states = new Map(); // by id, as the service last told
  const pending = new Map(); // by id, the latest request whose answer is awaited
  const line = []; // requests whose answers are awaited, in order
  let asking = false; // for a name

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  // A voice for screen readers, and a line for what must be seen.
  const voice = document.createElement("p");
  voice.className = "unseen";
  voice.setAttribute("role", "status");
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  document.body.append(voice, notice);

  // What stands behind an open dialog is neither seen nor read out.
  function place() {
    const host = document.querySelector("dialog[open]") ?? document.body;
    if (notice.parentNode !== host) host.append(voice, notice);
  }
  document.addEventListener("close", place, true);

  function say(words) {
    place();
    voice.textContent = words;
    notice.textContent = "";
  }

  function warn(words) {
    place();
    notice.textContent = words;
  }

  // Write a tile's state on an element, as far as this page knows better than what it was served with.
  function show(element) {
    const id = element.dataset.stateOf;
    if (states.has(id)) element.dataset.state = states.get(id) ?? "";
    const waiting = pending.get(id)?.decision;
    if (waiting) element.dataset.pending = waiting;
    else delete element.dataset.pending;
    const { says, state } = element.dataset;
    if (says) element.ariaLabel = `${says}, ${waiting ? `${waiting} not saved yet` : state ? `decided ${state}` : "undecided"}`;
    if (element.childElementCount === 0) {
      element.textContent = waiting ? `${waiting}…` : element.dataset.state || "undecided";
    }
  }

  function showAll(ids) {
    const wanted = new Set(ids);
    for (const element of document.querySelectorAll("[data-state-of]")) {
      if (wanted.has(element.dataset.stateOf)) show(element);
    }
  }

  function learn(id, state) {
    states.set(id, state);
    showAll([id]);
  }

  async function ask(method, url, content, headers = {}) {
    const request = {
      method,
      headers: { "Content-Type": "application/json", ...headers },
      body: content && JSON.stringify(content),
      signal: AbortSignal.timeout(PATIENCE_MS),
    };
    let answer, told;
    try {
      answer = await fetch(url, request);
      told = await answer.json();
    } catch {
      throw new Error("The service gave no answer. Check that it runs and is reached, then decide again.");
    }
    if (!answer.ok) throw new Error(told.detail);
    return told;
  }

  // Requests go one after another, so that an undo comes after what it is to take back. One that
  // fails takes those behind it back: whoever asked for them did not know of it.
  function inTurn(ids, work) {
    return new Promise((resolve, reject) => {
      line.push({ ids, work, resolve, reject });
      if (line.length === 1) run();
    });
  }

  async function run() {
    while (line.length) {
      try {
        line[0].resolve(await line[0].work());
        line.shift();
      } catch (error) {
        const [first, ...behind] = line.splice(0);
        first.reject(Object.assign(error, { behind }));
        for (const one of behind) one.reject(null);
      }
    }
  }

  function send(ids, decision, { reason = null, comment = null, etag }) {
    const said = { decision, reason, comment };
    if (!etag) return ask("POST", "/decisions", { ids, ...said });
    const url = `/tiles/${encodeURIComponent(ids[0])}/decision`;
    return ask("PUT", url, said, { "If-Match": etag }).then((one) => ({ results: [one] }));
  }

  const count = (ids) => (ids.length === 1 ? ids[0] : `${ids.length.toLocaleString("en")} tiles`);

  // Decide on tiles; `options` may hold a reason, a comment, and the etag of one tile's decision.
  async function decide(ids, decision, options = {}) {
    if (!ids.length || !(await named())) return;
    const request = { decision };
    for (const id of ids) pending.set(id, request);
    showAll(ids);
    tell("deciding", { ids, decision });
    let results = [];
    let refused = [];
    let told = null;
    try {
      told = await inTurn(ids, () => send(ids, decision, options));
      results = told.results;
    } catch (error) {
      refused = [error];
    }
    const saved = results.filter((one) => !one.error);
    for (const one of saved) states.set(one.id, one.state);
    for (const id of ids) if (pending.get(id) === request) pending.delete(id);
    showAll(ids);
    if (saved.length) {
      say(`${count(saved.map((one) => one.id))}: ${decision}, saved.`);
      tell("decided", { results: saved, batch: told.batch, undone: false, counts: told.counts });
    }
    refused.push(...results.filter((one) => one.error).map((one) => Error(one.error.detail)));
    if (!refused[0]) return; // all is saved; or one before this failed, and told of this one too
    const known = new Set(saved.map((one) => one.id));
    refuse(`Not saved: ${decision} on`, ids.filter((id) => !known.has(id)), refused[0]);
  }

  // Say in one sentence what was not saved, with what was asked for after it.
  function refuse(what, ids, { message, behind = [] }) {
    const later = behind.length ? ` Nor was what you did after it (${behind.length}).` : "";
    warn(`${what} ${count(ids)}.${later} ${message}`);
    tell("refused", { ids, after: behind.flatMap((one) => one.ids), message });
  }

  // Take the reviewer's last request back.
  async function undo() {
    try {
      const { results, undone, counts } = await inTurn([], () => ask("POST", "/decisions/undo"));
      for (const one of results) states.set(one.id, one.state);
      const ids = results.map((one) => one.id);
      showAll(ids);
      say(undone === null ? "There is nothing to undo." : `Undone: ${count(ids)} as before.`);
      tell("decided", { results, batch: undone, undone: true, counts });
    } catch (error) {
      if (!error) return;
      warn(`Not undone. ${error.message}`);
      tell("refused", { ids: [], after: error.behind.flatMap((one) => one.ids), message: error.message });
    }
  }

  function reviewer() {
    const found = document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`));
    try {
      return found ? decodeURIComponent(found.slice(COOKIE.length + 1)) : "";
    } catch {
      return ""; // somebody else's cookie: the name is asked for again
    }
  }

  // Ask who decides, once; a key that names its reviewer has said so already. Returns whether it is known.
  function named() {
    return document.body.dataset.reviewer || reviewer() ? Promise.resolve(true) : rename();
  }

  // What is wrong with a name, in a sentence; as service/requests/reviewers.py has it.
  function wrong(name) {
    if ([...name].length > LONGEST) return `A name has at most ${LONGEST} characters.`;
    if (/[,:#@]/u.test(name)) return "A name has no comma, colon, # or @.";
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name.replace(/[\u200c\u200d]/gu, ""))) return "A name has printable characters only.";
    return name ? "" : "Type a name.";
  }

  // Returns whether a name was given; while one is asked for, no to whoever asks again.
  function rename() {
    if (asking) return Promise.resolve(false);
    asking = true;
    const dialog = document.createElement("dialog");
    dialog.className = "who";
    dialog.setAttribute("aria-labelledby", "who");
    dialog.innerHTML = `<form method="dialog"><h2 id="who">Who decides?</h2>
      <p>Each decision is kept with a name, so that two reviewers can be compared.</p>
      <label>Your name <input name="name" required autocomplete="name"></label>
      <p><button class="primary" value="yes">Go on</button>
      <button type="button" data-cancel>Cancel</button></p></form>`;
    const input = dialog.querySelector("input");
    const typed = () => input.value.normalize("NFC").trim();
    const check = () => input.setCustomValidity(wrong(typed()));
    input.value = reviewer();
    input.addEventListener("input", check);
    check();
    dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close(""));
    document.body.append(dialog);
    const before = document.activeElement;
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const name = dialog.returnValue === "yes" ? typed() : "";
        if (name) {
          document.cookie = `${COOKIE}=${encodeURIComponent(name)}; Path=/; Max-Age=${YEAR_S}; SameSite=Strict`;
          tell("named", { name });
        }
        asking = false;
        dialog.remove();
        before?.focus();
        resolve(Boolean(name));
      });
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-decide][data-ids], [data-undo], [data-rename]");
    if (!button) return;
    if ("undo" in button.dataset) undo();
    else if ("rename" in button.dataset) rename();
    else decide(JSON.parse(button.dataset.ids), button.dataset.decide, button.dataset);
  });

  return { decide, undo, learn, named, reviewer, say, warn, show };
})();
