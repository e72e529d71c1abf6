"use strict";
// Decisions, for every page: `<button data-decide="drop" data-ids='["a", "b"]'>` decides on these tiles,
// `<button data-undo>` takes the reviewer's last request back. An element with data-state-of="a" gets data-state,
// and data-pending while the answer is awaited; if it holds no other element, also the word.
// The document hears "deciding" {ids, decision}, "decided" {results, batch, undone}, "refused" {ids, message}.
// Nothing is shown as saved that the service has not acknowledged.

const tilescreen = (() => {
  const COOKIE = "tilescreen_reviewer";
  const YEAR_S = 31536000;
  const PATIENCE_MS = 20000;
  const states = new Map(); // by id, as the service last told
  const pending = new Map(); // by id, the latest request whose answer is awaited
  let turn = Promise.resolve();

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  // A voice for screen readers, and a line for what must be seen.
  const voice = document.createElement("p");
  voice.className = "unseen";
  voice.setAttribute("role", "status");
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  document.body.append(voice, notice);

  function say(words) {
    voice.textContent = words;
    notice.textContent = "";
  }

  function warn(words) {
    notice.textContent = words;
  }

  // Write a tile's state on an element, as far as this page knows better than what it was served with.
  function show(element) {
    const id = element.dataset.stateOf;
    if (states.has(id)) element.dataset.state = states.get(id) ?? "";
    const waiting = pending.get(id)?.decision;
    if (waiting) element.dataset.pending = waiting;
    else delete element.dataset.pending;
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

  // Requests go one after another, so that an undo comes after what it is to take back.
  function inTurn(work) {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
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
    let message = "";
    let batch = null;
    try {
      ({ results, batch } = await inTurn(() => send(ids, decision, options)));
      message = results.find((one) => one.error)?.error.detail ?? "";
    } catch (error) {
      message = error.message;
    }
    const saved = results.filter((one) => !one.error);
    for (const one of saved) states.set(one.id, one.state);
    for (const id of ids) if (pending.get(id) === request) pending.delete(id);
    showAll(ids);
    if (saved.length) {
      say(`${count(saved.map((one) => one.id))}: ${decision}, saved.`);
      tell("decided", { results: saved, batch, undone: false });
    }
    if (message) {
      const known = new Set(saved.map((one) => one.id));
      const refused = ids.filter((id) => !known.has(id));
      warn(`Not saved: ${decision} on ${count(refused)}. ${message}`);
      tell("refused", { ids: refused, message });
    }
  }

  // Take the reviewer's last request back.
  async function undo() {
    try {
      const { results, undone } = await inTurn(() => ask("POST", "/decisions/undo"));
      for (const one of results) states.set(one.id, one.state);
      const ids = results.map((one) => one.id);
      showAll(ids);
      say(undone === null ? "There is nothing to undo." : `Undone: ${count(ids)} as before.`);
      tell("decided", { results, batch: undone, undone: true });
    } catch (error) {
      warn(`Not undone. ${error.message}`);
      tell("refused", { ids: [], message: error.message });
    }
  }

  function reviewer() {
    const found = document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`));
    return found ? decodeURIComponent(found.slice(COOKIE.length + 1)) : "";
  }

  // Ask who decides, once; a key that names its reviewer has said so already. Returns whether it is known.
  function named() {
    return document.body.dataset.reviewer || reviewer() ? Promise.resolve(true) : rename();
  }

  function rename() {
    const dialog = document.createElement("dialog");
    dialog.className = "who";
    dialog.setAttribute("aria-labelledby", "who");
    dialog.innerHTML = `<form method="dialog"><h2 id="who">Who decides?</h2>
      <p>Each decision is kept with a name, so that two reviewers can be compared.</p>
      <label>Your name <input name="name" required maxlength="80" pattern="[^,:#@]+" title="None of , : # @" autocomplete="name"></label>
      <p><button class="primary" value="yes">Go on</button>
      <button type="button" data-cancel>Cancel</button></p></form>`;
    const input = dialog.querySelector("input");
    input.value = reviewer();
    dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close(""));
    document.body.append(dialog);
    const before = document.activeElement;
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const name = dialog.returnValue === "yes" ? input.value.trim() : "";
        if (name) {
          document.cookie = `${COOKIE}=${encodeURIComponent(name)}; Path=/; Max-Age=${YEAR_S}; SameSite=Strict`;
          tell("named", { name });
        }
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
