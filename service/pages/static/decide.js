"use strict";
// Decisions, for every page: `<button data-decide="drop" data-ids='["a", "b"]'>` decides on these tiles,
// `<button data-undo>` takes the reviewer's last request back. An element with data-state-of="a" gets data-state,
// and data-pending while the answer is awaited; if it holds no other element, also the word. One with data-says
// is named by that and the state, for who does not see it.
// The document hears "deciding" {ids, decision}, "decided" {results, decision, batch, undone, counts}, "refused" {ids, after, message},
// where `after` are the ids of what was asked for after it, which is not saved either; and "sought" {ids} when
// somebody wants to see the first tiles that were not saved.
// In "decided" a result has `before` as well: the state that was shown until then.
// A tile that stands otherwise than it is shown was decided in another tab or by somebody else; another decision on it
// is refused, and the tile shows how it stands. Undo takes back what this page did, else it asks.
// On a page of one reviewer's own decisions (data-reading is their name) nobody else's are shown, or asked after.
// What was not saved stays told, and marked, until those tiles are decided; the page is never moved by it, as who
// decides fast would go on typing on other tiles than they look at.
// Who leaves the page while something is not saved yet is asked first. A page decides in the name that it shows, whoever
// is named or signed in in another tab meanwhile.
// Nothing is shown as saved that the service has not acknowledged, and nothing is said not to be saved where an
// answer was lost, before the service was asked what it has.

const tilescreen = (() => {
  const PATIENCE_MS = 20000;
  const AGAIN_MS = [0, 500, 1500]; // before each time that the service is asked what became of a lost answer
  const AGAIN_PATIENCE_MS = 5000;
  const MOST = 1000; // tiles that the service tells in one answer
  const KEYS = { k: "keep", d: "drop", r: "review" };
  const TWICE_MS = 400; // between the clicks of a double click, which is meant as one
  const UNREACHED = "The service gave no answer. Check that it runs and is reached, then do it again.";
  const LOOK = "The service cannot be asked now. When it is reached again, load the page again: it shows what was saved.";
  const READS = "Nothing was changed: your key only reads. Sign out, and in with one that may decide.";
  // Cookies count for all ports of a machine: one of a service with keys says nothing to one without.
  const note = document.querySelector(".reads");
  const reading = document.querySelector("[data-reading]")?.dataset.reading;
  const role = note && document.cookie.match(/(?:^|; )tilescreen_role=(\w+)/)?.[1];
  const reads = role === "read";
  const states = new Map(); // by id, as the service last told
  const pending = new Map(); // by id, the latest request whose answer is awaited, or `lost`
  const unsaved = new Map(); // by id, the ids that were refused together with it, until they are decided
  const own = new Map(); // by id, what this page decided and did not take back, the latest last
  const line = []; // requests whose answers are awaited, in order

  // What changes something, or says how to, has data-changes; the style sheet hides it then.
  document.body.classList.toggle("only-reads", reads);
  if (reads) note.hidden = false;

  // The letter on a key, or the one that is there on a Latin keyboard where it has a letter of another script.
  const letter = ({ key, code }) => (/^[a-z]$/i.test(key) ? key : code.slice(3)).toLowerCase();

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  // A voice for screen readers, and a line for what must be seen.
  const voice = document.createElement("p");
  voice.className = "unseen";
  voice.setAttribute("role", "status");
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  // What was not saved has a line of its own, which no other word takes away.
  const left = document.createElement("div");
  left.className = "notice unsaved";
  left.hidden = true;
  left.innerHTML = `<p role="alert"></p>
    <p class="choices"><button type="button" data-seek>Show it</button> <button type="button" data-let-go>Leave it so</button></p>`;
  const notices = document.createElement("div");
  notices.className = "notices";
  notices.append(left, notice);
  document.body.append(voice, notices);

  // What stands behind an open dialog is neither seen nor read out.
  function place() {
    const host = document.querySelector("dialog[open]") ?? document.body;
    if (notices.parentNode !== host) host.append(voice, notices);
  }
  document.addEventListener("close", place, true);

  function say(words) {
    place();
    voice.textContent = words;
    notice.textContent = "";
  }

  function warn(words) {
    place();
    notice.classList.remove("calm");
    notice.setAttribute("role", "alert");
    write(notice, words);
  }

  // What was done, for all to see; it is read out once.
  function report(words) {
    say(words);
    notice.classList.add("calm");
    notice.removeAttribute("role");
    write(notice, words);
  }

  // Write words on an element; where they say to sign in, that is a link. It opens another tab, as they say it may.
  function write(element, words) {
    element.replaceChildren(...words.split(/(\/sign-in)\b/).map((part) => {
      if (part !== "/sign-in") return part;
      return Object.assign(document.createElement("a"), { href: part, target: "_blank", textContent: part });
    }));
  }

  // Write a tile's state on an element, as far as this page knows better than what it was served with.
  function show(element) {
    const id = element.dataset.stateOf;
    if (states.has(id)) element.dataset.state = states.get(id) ?? "";
    const { decision: waiting, lost } = pending.get(id) ?? {};
    if (waiting) element.dataset.pending = waiting;
    else delete element.dataset.pending;
    const { says, state } = element.dataset;
    const doubt = lost ? "perhaps saved" : "not saved yet";
    const refused = !waiting && unsaved.has(id);
    element.toggleAttribute("data-unsaved", refused);
    const stands = waiting ? `${waiting} ${doubt}` : state ? `decided ${state}` : "undecided";
    if (says) element.ariaLabel = `${says}, ${stands}${refused ? ", your decision was not saved" : ""}`;
    if (element.childElementCount === 0) {
      element.textContent = waiting ? `${waiting}${lost ? "?" : "…"}` : element.dataset.state || "undecided";
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
    const { lost, decision } = pending.get(id) ?? {};
    if (lost) pending.delete(id);
    if (lost && state === decision) settled([id]);
    showAll([id]);
  }

  // As fetch, but what it throws can be shown to a person.
  async function reach(url, request) {
    try {
      return await fetch(url, request);
    } catch {
      throw new Error(UNREACHED);
    }
  }

  // Ask the service; returns its answer, with the ETag. The error has the status, and is `lost` where it may have done
  // what was asked: no answer came, or one of a failure.
  async function ask(method, url, content, { headers = {}, patience = PATIENCE_MS } = {}) {
    const request = {
      method,
      headers: { "Content-Type": "application/json", ...naming.signed(), ...headers },
      body: content && JSON.stringify(content),
      signal: AbortSignal.timeout(patience),
    };
    let answer, told;
    try {
      answer = await fetch(url, request);
      told = await answer.json();
    } catch {
      throw Object.assign(new Error(UNREACHED), { lost: true });
    }
    const { status } = answer;
    if (!answer.ok) throw Object.assign(new Error(words(told)), { status, lost: status >= 500 });
    return Object.assign(told, { etag: answer.headers.get("ETag") });
  }

  // What the service says, or what it means for who looks at pages.
  function words({ code, detail }) {
    const { reviewer: holder } = document.body.dataset;
    return code === "bad_reviewer" && holder ? `This page was opened as ${holder}, and somebody else is signed in now. Load it again.` : detail;
  }

  // Ask before anything is done: nothing can be lost by it.
  async function look(method, url, content, options) {
    try {
      return await ask(method, url, content, options);
    } catch (error) {
      throw Object.assign(error, { lost: false });
    }
  }

  // Requests go one after another, so that an undo comes after what it is to take back. One that fails takes those
  // behind it with it from the next undo on, which would take back another than was meant; all, where nothing is known.
  function inTurn(ids, work, { undoes = false } = {}) {
    return new Promise((resolve, reject) => {
      line.push({ ids, work, undoes, resolve, reject });
      if (line.length === 1) run();
    });
  }

  async function run() {
    while (line.length) {
      try {
        line[0].resolve(await line[0].work());
        line.shift();
      } catch (error) {
        const failed = line.shift();
        const next = error.unknown ? 0 : line.findIndex((one) => one.undoes);
        const behind = next < 0 ? [] : line.splice(next);
        failed.reject(Object.assign(error, { behind }));
        for (const one of behind) one.reject(null);
      }
    }
  }

  // What this page shows of a tile's state, empty if undecided; undefined where it shows none, or is about to change it.
  function shown(id, listed) {
    if (pending.has(id) || line.some((one) => one.undoes)) return undefined;
    const state = states.has(id) ? states.get(id) : listed?.get(id);
    if (state !== undefined) return state ?? "";
    return document.querySelector(`[data-state-of="${CSS.escape(id)}"][data-state]`)?.dataset.state;
  }

  // Of a list of tiles, what makes the service tell this page's own decisions alone; else nothing.
  const alone = () => (reading === undefined ? "" : `&${new URLSearchParams({ reviewer: reading })}`);

  // Return how tiles stand: one with its decisions and their ETag, many in pieces, with the number as of which. With
  // neither on a page of one's own decisions, where others' are no matter.
  async function asTheyStand(ids) {
    if (ids.length === 1 && !alone()) {
      const one = await look("GET", `/tiles/${encodeURIComponent(ids[0])}/decision`);
      return { stand: [one], etag: one.etag };
    }
    const stand = [];
    let first;
    for (let at = 0; at < ids.length; at += MOST) {
      const piece = ids.slice(at, at + MOST);
      const { tiles, as_of } = await look("POST", `/review/tiles?sort=given&limit=${MOST}${alone()}`, { ids: piece });
      stand.push(...tiles);
      first ??= as_of;
    }
    return alone() ? { stand } : { stand, as_of: first };
  }

  // See that tiles stand as they were seen, or as is decided now; returns what tells the service which decisions were
  // known. Throws what stands if one does not.
  async function unchanged(ids, seen, decision) {
    const { stand, ...known } = await asTheyStand(ids);
    const changed = stand.filter((one) => ![seen.get(one.id) ?? one.state ?? "", decision].includes(one.state ?? ""));
    for (const one of changed) states.set(one.id, one.state);
    if (!changed.length) return known;
    const who = changed[0].decisions?.map((one) => `${one.reviewer}: ${one.decision}`).join(", ");
    const what = changed.length === 1 ? `${changed[0].id} is now ${changed[0].state ?? "undecided"}${who ? ` (${who})` : ""}`
      : `${changed.length.toLocaleString("en")} of them stand otherwise now`;
    throw new Error(`Meanwhile another tab or person decided: ${what}. Look again, and decide again if you differ.`);
  }

  // Send a decision on tiles that stand as they were seen; throws where they do not, be it since a moment ago.
  async function guarded(ids, decision, options, seen) {
    const known = await unchanged(ids, seen, decision);
    try {
      return await send(ids, decision, options, known);
    } catch (error) {
      if (error.status === 412) await unchanged(ids, seen, decision);
      throw error;
    }
  }

  function send(ids, decision, { who, reason = null, comment = null }, { etag, as_of }) {
    const said = { decision, reason, comment };
    const headers = { ...naming.signed(who), ...(etag && { "If-Match": etag }) };
    if (ids.length > 1) return ask("POST", "/decisions", { ids, as_of, ...said }, { headers });
    const url = `/tiles/${encodeURIComponent(ids[0])}/decision`;
    return ask("PUT", url, said, { headers }).then((one) => ({ results: [one] }));
  }

  // Send a decision; where the answer is lost, find out what the service has of it.
  async function settle(ids, decision, options, seen) {
    try {
      return await guarded(ids, decision, options, seen);
    } catch (error) {
      if (!error.lost) throw error;
      const saved = await standing(ids, decision, options.who).catch(() => {
        throw Object.assign(error, { unknown: true });
      });
      if (!saved.length) throw error;
      const known = new Set(saved.map((one) => one.id));
      const others = ids.filter((id) => !known.has(id));
      return { results: [...saved, ...others.map((id) => ({ id, error: { detail: error.message } }))] };
    }
  }

  // Look at what became of a lost answer, a few times, as a slow request may yet be carried out; returns what the last
  // look found. Throws if the service did not answer then.
  async function lookAgain(look, enough) {
    let found, failed;
    for (const pause of AGAIN_MS) {
      await new Promise((go) => setTimeout(go, pause));
      try {
        found = await look();
        failed = null;
      } catch (error) {
        failed = error;
      }
      if (!failed && enough(found)) break;
    }
    if (failed) throw failed;
    return found;
  }

  // Return those of these tiles that this reviewer has decided so.
  const standing = (ids, decision, who) => lookAgain(() => decided(ids, decision, who), (saved) => saved.length === ids.length);

  // One look: what this reviewer alone has decided, and how those tiles stand for all.
  async function decided(ids, decision, who) {
    const found = [];
    for (let at = 0; at < ids.length; at += MOST) {
      const stand = async (wanted, query) => (await ask(
        "POST", `/review/tiles?sort=given&limit=${MOST}${query}`, { ids: wanted }, { patience: AGAIN_PATIENCE_MS },
      )).tiles;
      const own = await stand(ids.slice(at, at + MOST), `&${new URLSearchParams({ reviewer: who })}`);
      const saved = own.filter(({ state }) => state === decision).map(({ id }) => id);
      if (saved.length) found.push(...(await stand(saved, alone())).map(({ id, state }) => ({ id, state })));
    }
    return found;
  }

  const count = (ids) => (ids.length === 1 ? ids[0] : `${ids.length.toLocaleString("en")} tiles`);

  // Decide on tiles; `options` may hold a reason, a comment, and the states that a list shows, by id.
  async function decide(ids, decision, options = {}) {
    if (!ids.length || !(await named())) return;
    const seen = new Map(ids.map((id) => [id, shown(id, options.shown)]));
    const request = { decision };
    const who = naming.myself(); // whatever the page's name is by the time that it is sent
    for (const id of ids) pending.set(id, request);
    settled(ids);
    showAll(ids);
    tell("deciding", { ids, decision });
    let results = [];
    let refused = [];
    let told = null;
    try {
      told = await inTurn(ids, () => settle(ids, decision, { ...options, who }, seen));
      results = told.results;
    } catch (error) {
      refused = [error];
    }
    const saved = results.filter((one) => !one.error);
    for (const one of saved) {
      one.before = states.get(one.id) ?? seen.get(one.id);
      if (alone()) one.state = decision;
      states.set(one.id, one.state);
      own.set(one.id, [...(own.get(one.id) ?? []), decision]);
    }
    request.lost = Boolean(refused[0]?.unknown);
    for (const id of ids) if (pending.get(id) === request && !request.lost) pending.delete(id);
    settled(saved.map((one) => one.id)); // an earlier one on the same tile may have been refused meanwhile
    showAll(ids);
    if (saved.length) {
      say(`${count(saved.map((one) => one.id))}: ${decision}, saved.`);
      tell("decided", { results: saved, decision, batch: told.batch, undone: false, counts: alone() ? undefined : told.counts });
    }
    refused.push(...results.filter((one) => one.error).map((one) => Error(words(one.error))));
    if (!refused[0]) return; // all is saved; or one before this failed, and told of this one too
    const known = new Set(saved.map((one) => one.id));
    const what = request.lost ? "It is not known whether this was saved" : "Not saved";
    const again = (id) => pending.has(id) && pending.get(id) !== request; // decided anew already
    const left = ids.filter((id) => !known.has(id) && !again(id));
    if (left.length || refused[0].behind?.length) refuse(`${what}: ${decision} on`, left.length ? left : ids, refused[0]);
  }

  // Say in one sentence what was not saved, with what was asked for after it.
  function refuse(what, ids, { message, behind = [], unknown }) {
    const nor = unknown ? " Not saved is what you did after it" : " Nor was what you did after it";
    const later = behind.length ? `${nor} (${behind.length}).` : "";
    const after = behind.flatMap((one) => one.ids);
    const before = unsaved.size ? ` Before it, ${count([...unsaved.keys()])} ${unsaved.size === 1 ? "was" : "were"} not saved.` : "";
    for (const together of [ids, ...behind.map((one) => one.ids)]) for (const id of together) unsaved.set(id, together);
    place();
    write(left.querySelector("p"), `${what} ${count(ids)}.${later} ${unknown ? LOOK : message}${before}`);
    name();
    left.hidden = false;
    showAll([...ids, ...after]);
    tell("refused", { ids, after, message });
  }

  // These tiles are decided anew, or not to be: nothing of them is left to be told.
  function settled(ids) {
    const some = ids.filter((id) => unsaved.delete(id)).length;
    if (!some) return;
    left.hidden = !unsaved.size;
    left.querySelector("p").textContent = `Still not saved: ${count([...unsaved.keys()])}. Decide again, or leave it so.`;
    name();
    showAll(ids);
  }

  function name() {
    left.querySelector("[data-seek]").textContent = unsaved.size === 1 ? "Show it" : `Show the first of ${unsaved.size.toLocaleString("en")}`;
  }

  // Show what was not saved: a page that knows how does, else the tile where it stands, or its own page.
  function seek() {
    if (!unsaved.size) return;
    const [together] = unsaved.values();
    const ids = together.filter((id) => unsaved.has(id));
    if (!document.dispatchEvent(new CustomEvent("sought", { detail: { ids }, cancelable: true }))) return;
    const found = document.querySelector("[data-unsaved]");
    if (found) found.scrollIntoView({ block: "center" });
    else location.assign(`/view/tiles/${encodeURIComponent(ids[0])}`);
  }

  // The service takes the reviewer's last request back, wherever it was made: that which it names before, no other. If
  // that was not made here, it is asked first.
  async function takeBack(who) {
    const headers = naming.signed(who);
    const { last, tiles, first } = await look("GET", "/decisions/undo", undefined, { headers });
    if (last === null) return { results: [], undone: null };
    const here = own.get(first.id)?.at(-1) === first.decision;
    const others = tiles > 1 ? ` and ${(tiles - 1).toLocaleString("en")} more` : "";
    const question = `Your last decision was not made on this page: ${first.decision ?? "undecided"} on ${first.id}${others}, in another `
      + "tab or before this page was loaded. It stands. Take it back?";
    if (!here && !confirm(question)) return null;
    const url = `/decisions/undo?batch=${last}`;
    try {
      return await ask("POST", url, undefined, { headers });
    } catch (error) {
      if (!error.lost) throw error;
      const gone = await lookAgain(async () => (await ask("GET", url, undefined, { headers })).undone, Boolean).catch(() => {
        throw Object.assign(error, { unknown: true });
      });
      if (!gone) throw error;
      return { results: await changedSince(first), undone: last };
    }
  }

  // Of the tiles that this page knows, those that stand otherwise now.
  async function changedSince(last) {
    const { stand } = await asTheyStand([...new Set([last.id, ...states.keys()])]);
    return stand.filter((one) => one.id === last.id || (one.state ?? "") !== (states.get(one.id) ?? "")).map(({ id, state }) => ({ id, state }));
  }

  // Returns whether something was undone.
  async function undo() {
    try {
      return await goBack();
    } catch (error) {
      if (!error) return nothing(""); // one before it failed, and told of this one too
      warn(error.unknown ? `It is not known whether this was undone. ${LOOK}` : `Not undone. ${error.message}`);
      const after = error.behind?.flatMap((one) => one.ids) ?? [];
      if (after.length) refuse("Not saved, as the undo before it failed:", after, { message: error.message });
      return false;
    }
  }

  // The tiles of an undo as this page shows them. Where that cannot be asked, nothing is shown that others decided.
  async function asHere(results) {
    if (!alone() || !results.length) return results;
    const ids = results.map((one) => one.id);
    const { stand } = await asTheyStand(ids).catch(() => ({ stand: ids.map((id) => ({ id, state: null })) }));
    return stand.map(({ id, state }) => ({ id, state }));
  }

  const nothing = (words, tell = say) => {
    tell(words);
    return false;
  };

  async function goBack() {
    if (reads) return nothing(READS, warn);
    if (!naming.myself()) return nothing("There is nothing to undo.");
    const who = naming.myself();
    const answer = await inTurn([], () => takeBack(who), { undoes: true });
    if (!answer) return nothing("Nothing was undone.");
    const { undone, counts } = answer;
    const results = await asHere(answer.results);
    for (const one of results) {
      one.before = states.get(one.id);
      states.set(one.id, one.state);
      own.get(one.id)?.pop();
    }
    const ids = results.map((one) => one.id);
    settled(ids);
    showAll(ids);
    say("");
    if (undone === null) say("There is nothing to undo.");
    else if (ids.length === 1) say(`Undone: ${ids[0]} is as before.`);
    else report(`Undone: ${count(ids)} are as before.`);
    tell("decided", { results, batch: undone, undone: true, counts: alone() ? undefined : counts });
    return undone !== null;
  }

  // Ask who decides, once. Returns whether it is known: never where the key only reads, which is told instead.
  function named() {
    if (!reads) return naming.known();
    warn(READS);
    return Promise.resolve(false);
  }

  // The second click of a double click is no second decision, nor a second undo.
  let clicked = -Infinity;
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-decide], [data-whole], [data-undo]")) return;
    if (event.detail > 1 && event.timeStamp - clicked < TWICE_MS) event.stopPropagation();
    clicked = event.timeStamp;
  }, true);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-decide][data-ids], [data-undo], [data-rename], [data-seek], [data-let-go]");
    if (!button) return;
    if ("undo" in button.dataset) undo();
    else if ("seek" in button.dataset) seek();
    else if ("letGo" in button.dataset) settled([...unsaved.keys()]);
    else if ("rename" in button.dataset) naming.rename();
    else decide(JSON.parse(button.dataset.ids), button.dataset.decide, button.dataset);
  });

  // Back shows a page as it was left: how its tiles stand by now is asked for.
  addEventListener("pageshow", async ({ persisted }) => {
    const [{ type }] = performance.getEntriesByType("navigation");
    if (!persisted && type !== "back_forward") return;
    const ids = new Set([...document.querySelectorAll("[data-state-of]")].map((one) => one.dataset.stateOf));
    ids.delete(""); // of no tile yet
    const { stand } = await asTheyStand([...ids]).catch(() => ({ stand: [] })); // or it is told when they are decided
    for (const one of stand) learn(one.id, one.state);
  });

  addEventListener("beforeunload", (event) => {
    if (line.length) event.preventDefault();
  });

  return { KEYS, LOOK, letter, role, reads, reach, ask, lookAgain, decide, undo, seek, learn, named, reviewer: naming.reviewer, alone, say, warn, report, words, write, show };
})();
