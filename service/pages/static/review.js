"use strict";
// The review page: keyboard, mouse and touch on the grid, decisions, zoom, help.
{
  const page = document.querySelector(".triage");
  const frame = document.getElementById("grid");
  const zoom = document.getElementById("zoom");
  const help = document.getElementById("help");
  const several = page.querySelector("[data-several]");
  const start = JSON.parse(document.getElementById("start").textContent);
  const list = new TileList(start, page.dataset.query);
  const why = new Why(document.getElementById("why"), zoom, start.bundle);
  const grid = new TileGrid(frame, list, fill);
  const mine = new Map(); // by id, how many decisions of this page stand
  const KEEP_MS = 200; // at rest, before the place is kept: browsers allow few of that
  let anchor = 0; // where a range begins
  let keeping = 0;

  list.arrived = (first, end) => {
    grid.arrived(first, end);
    if (grid.at >= first && grid.at < end) tell(); // the framed tile was not known before
  };
  // Said again after what clears it, until there is nothing left of it.
  const tellBroken = () => {
    const [error] = list.broken.values();
    if (error) list.failed(error);
  };
  list.failed = (error) => tilescreen.warn(`Some tiles could not be fetched. Scroll to try again. ${error.message}`);

  function fill(cell, tile) {
    const image = make("img", { alt: why.words(tile), width: 128, height: 128, decoding: "async", draggable: false });
    image.dataset.src = why.address(tile.id);
    const chip = make("span", { className: "chip" });
    cell.dataset.says = why.words(tile);
    for (const element of [cell, chip]) {
      element.dataset.stateOf = tile.id;
      element.dataset.state = tile.state ?? "";
    }
    const plate = make("div", { className: "plate" }, image, ...surest(tile), chip);
    const verdict = make("span", { className: `verdict-${tile.verdict}` }, tile.verdict);
    cell.append(plate, make("p", { className: "caption", ariaHidden: "true" }, verdict, ` ${score(tile.score)}`));
    for (const element of [cell, chip]) tilescreen.show(element);
  }

  const tiles = (count) => `${count.toLocaleString("en")} ${count === 1 ? "tile" : "tiles"}`;

  const SLOW_MS = 700;

  async function undo() {
    const slow = setTimeout(() => tilescreen.warn("The undo is not answered yet. What you type meanwhile waits for it."), SLOW_MS);
    const done = await tilescreen.undo();
    clearTimeout(slow);
    return done;
  }

  // Moving and choosing

  function go(index, { extend = false, toggle = false } = {}) {
    if (!list.total) return;
    const to = Math.max(0, Math.min(index, list.total - 1));
    let selected = new Set([to]);
    if (extend) selected = range(anchor, to);
    else anchor = to;
    if (toggle) {
      selected = new Set(grid.selected);
      if (!selected.delete(to)) selected.add(to);
      if (!selected.size) selected.add(to);
    }
    grid.focus(to, selected, { quietly: zoom.open });
    tell();
  }

  function range(from, to) {
    const [first, last] = from < to ? [from, to] : [to, from];
    return new Set(Array.from({ length: last - first + 1 }, (_, at) => first + at));
  }

  function tell() {
    const tile = list.get(grid.at);
    if (tile) why.show(tile, "Chosen");
    const many = grid.selected.size;
    page.querySelector("[data-slot=selected]").textContent = many > 1 ? `${tiles(many)} chosen` : "";
    page.querySelector("[data-slot=place]").textContent = list.total
      ? `${(grid.at + 1).toLocaleString("en")} of ${list.total.toLocaleString("en")}`
      : "";
    clearTimeout(keeping);
    keeping = setTimeout(keepPlace, KEEP_MS);
  }

  // Back from a tile's page finds the list and the place in it.
  function keepPlace() {
    clearTimeout(keeping);
    history.replaceState({ at: grid.at, id: list.get(grid.at)?.id, as_of: list.as_of }, "");
  }

  // A page keeps a row of the one before, to see where one is.
  const screenful = () => Math.max(1, grid.screen.rows - 1);

  const moves = {
    ArrowLeft: () => grid.at - 1,
    ArrowRight: () => grid.at + 1,
    ArrowUp: () => (grid.at < grid.columns ? grid.at : grid.at - grid.columns),
    ArrowDown: () => Math.min(grid.at + grid.columns, list.total - 1),
    PageUp: () => grid.at - Math.min(screenful(), Math.floor(grid.at / grid.columns)) * grid.columns,
    PageDown: () => grid.at + screenful() * grid.columns,
    Home: (far) => (far ? 0 : grid.at - (grid.at % grid.columns)),
    End: (far) => (far ? list.total - 1 : grid.at - (grid.at % grid.columns) + grid.columns - 1),
  };

  // Deciding

  async function decide(decision) {
    const indices = [...grid.selected].sort((a, b) => a - b);
    let chosen;
    try {
      chosen = await list.tilesOf(indices);
    } catch (error) {
      tilescreen.warn(`Not saved: ${decision} on ${tiles(indices.length)}. ${error.message}`);
      return;
    }
    if (!chosen.length || !(await tilescreen.named())) return;
    const shown = new Map(chosen.map((tile) => [tile.id, tile.state ?? ""]));
    tilescreen.decide([...shown.keys()], decision, { shown });
    go(indices.at(-1) + 1);
  }

  document.addEventListener("decided", ({ detail }) => {
    for (const { id } of detail.results) {
      const stand = (mine.get(id) ?? 0) + (detail.undone ? -1 : 1);
      stand > 0 ? mine.set(id, stand) : mine.delete(id);
    }
    const before = detail.undone && detail.results.length ? list.indexOf(detail.results[0].id) : -1;
    if (before >= 0) go(before);
    countAnew(detail.counts ?? counted(detail.results));
    if (!detail.undone) tellEnd(detail);
    tellBroken();
  });

  // After the last tile the frame stays where it is: what the next key decides is the same tile again.
  function tellEnd({ results, decision }) {
    const { id, state, before } = results.at(-1);
    if (grid.at !== list.total - 1 || list.get(grid.at)?.id !== id) return;
    const was = before && before !== state ? `, no longer ${before}` : "";
    const saved = results.length > 1 ? `${tiles(results.length)}: ${decision}, saved. ${id}` : `${id} is ${state}${was}. It`;
    const over = mine.size < list.total ? "" : " All of them are decided: Progress says how much is left.";
    tilescreen.report(`${saved} is the last tile of the list, so the frame stays on it.${over}`);
  }

  // The filter's counts after these results.
  function counted(results) {
    const counts = {};
    for (const option of page.querySelectorAll("#by-state option")) {
      const [, count] = option.textContent.split(" (");
      if (count) counts[option.value] = Number(count.replace(/\D/g, ""));
    }
    if (!("undecided" in counts)) return counts; // the page came while they were not known
    for (const { before, state } of results) {
      counts[before || "undecided"] -= 1;
      counts[state ?? "undecided"] += 1;
    }
    return counts;
  }

  // What is decided is counted at once, in the filter too; the list stays as it was opened.
  function countAnew(counts) {
    const left = "open" in page.dataset ? `, ${(list.total - mine.size).toLocaleString("en")} to go` : "";
    page.querySelector("[data-slot=decided]").textContent = mine.size ? `${mine.size.toLocaleString("en")} decided here${left}` : "";
    for (const option of page.querySelectorAll("#by-state option")) {
      if (option.value in (counts ?? {})) {
        option.textContent = `${option.textContent.split(" (")[0]} (${counts[option.value].toLocaleString("en")})`;
      }
    }
  }

  // What was not saved, to be decided again. The frame goes there when it is asked to, never of itself.
  document.addEventListener("sought", (event) => {
    const places = list.indicesOf(event.detail.ids);
    if (!places.length) return;
    event.preventDefault();
    anchor = places[0];
    grid.focus(places[0], new Set(places), { quietly: zoom.open });
    tell();
  });

  document.addEventListener("named", ({ detail }) => {
    nameReviewer(detail.name);
    if ("reading" in page.dataset && page.dataset.reading !== detail.name) location.reload(); // another one's own decisions
  });

  function nameReviewer(name) {
    const slot = page.querySelector("[data-slot=reviewer]");
    slot.textContent = name;
    slot.closest(".who-decides").hidden = !name;
  }

  page.addEventListener("click", (event) => {
    const button = event.target.closest("[data-decide], [data-undo], [data-several], [data-help]");
    if (!button) return;
    if ("help" in button.dataset) help.showModal();
    else if ("several" in button.dataset) chooseSeveral(several.ariaPressed !== "true");
    else if ("undo" in button.dataset) {
      event.stopPropagation(); // done here, in its order
      inOrder(undo);
    } else inOrder(() => decide(button.dataset.decide));
  });

  function chooseSeveral(yes) {
    several.ariaPressed = yes;
    tilescreen.say(yes ? "Each tile that you touch is added to the choice." : "");
  }

  // Keyboard

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, summary") || event.altKey) return;
    if (document.querySelector("dialog[open]:not(#zoom)")) return; // whatever has the focus
    const letter = tilescreen.letter(event);
    const far = event.ctrlKey || event.metaKey;
    if (event.key in moves) {
      // In other parts of the page these keys do what they always do.
      if (!zoom.open && !frame.contains(event.target) && event.target !== document.body) return;
      inOrder(() => go(moves[event.key](far), { extend: event.shiftKey }));
    } else if (event.key === "?") {
      help.showModal();
    } else if (far) {
      if (letter !== "a" || !frame.contains(event.target)) return;
      anchor = 0;
      go(list.total - 1, { extend: true });
    } else if (letter in tilescreen.KEYS) {
      if (!event.repeat) inOrder(() => decide(tilescreen.KEYS[letter]));
    } else if (letter === "u") {
      if (!event.repeat) inOrder(undo);
    } else if (letter === "b") {
      tilescreen.seek();
    } else if (event.target.closest("button") || (event.key === "Enter" && event.target.closest("a"))) {
      return;
    } else if (event.key === " ") {
      if (zoom.open) zoom.close();
      else openZoom();
    } else if (event.key === "Enter" && list.get(grid.at)) {
      keepPlace();
      location.assign(`/view/tiles/${encodeURIComponent(list.get(grid.at).id)}`);
    } else if (event.key === "Escape" && !zoom.open) {
      go(grid.at);
    } else {
      return;
    }
    event.preventDefault();
  });

  // Mouse and touch

  const indexAt = (event) => {
    const cell = event.target.closest("[role=gridcell]");
    return cell ? Number(cell.dataset.index) : -1;
  };

  frame.addEventListener("click", (event) => {
    const index = indexAt(event);
    if (index < 0) return;
    const toggle = event.ctrlKey || event.metaKey || several.ariaPressed === "true";
    go(index, { extend: event.shiftKey, toggle });
  });
  frame.addEventListener("dblclick", (event) => indexAt(event) >= 0 && openZoom());
  frame.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault()); // no text is marked
  let pointer = "";
  frame.addEventListener("mousemove", (event) => {
    const here = `${event.clientX} ${event.clientY}`;
    if (here === pointer) return; // the tiles moved, not the mouse
    pointer = here;
    const tile = list.get(indexAt(event));
    if (tile && tile !== why.shown) why.show(tile, "Under the pointer");
  });
  frame.addEventListener("mouseleave", tell);

  function openZoom() {
    if (!list.get(grid.at)) return;
    zoom.showModal();
    zoom.focus(); // not a button in it: Space closes it again
    tell();
  }
  zoom.addEventListener("close", () => grid.focus(grid.at, grid.selected));
  // A button that was clicked keeps no Space for itself: that closes the zoom, as is said there.
  zoom.addEventListener("click", (event) => event.detail > 0 && event.target.closest("button") && zoom.focus());
  for (const dialog of [zoom, help]) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  // A selection made on the map, or the tiles of a budget, is a list of its own.

  async function open() {
    const { selection, budget, sample } = page.dataset;
    const ids = async (url) => (await tilescreen.ask("GET", url)).tiles.map((tile) => tile.id);
    if (budget) await list.choose(await ids(`/review/budget?budget=${budget}${tilescreen.alone()}`), "given");
    else if (sample) await list.choose(await ids(`/review/samples/${sample}`), list.sort);
    else if (selection) await openSelection(selections.find(selection));
    const [{ type }] = performance.getEntriesByType("navigation");
    const kept = type === "back_forward" ? history.state : null;
    if (kept && !list.ids) await list.reopen(kept.as_of);
    page.querySelector("[data-slot=total]").textContent = tiles(list.total);
    // Where a sentence says why nothing is listed, no other one does.
    page.querySelector(".empty").hidden = list.total > 0 || Boolean(page.querySelector(".problem:not([hidden])"));
    frame.hidden = why.panel.hidden = list.total === 0;
    grid.clear();
    grid.layout();
    const same = kept && list.ids ? list.ids.indexOf(kept.id) : -1; // such a list may have become shorter
    go(same >= 0 ? same : (kept?.at ?? 0));
  }

  async function openSelection(found) {
    page.querySelector(".lost").hidden = Boolean(found);
    page.querySelector(".showing").hidden = !found;
    if (!found) return;
    const { ids, from } = found;
    const { unknown } = await list.choose(ids, list.sort);
    const missing = unknown ? ` (${unknown.toLocaleString("en")} of them not in this bundle)` : "";
    page.querySelector("[data-slot=showing]").textContent = `selection of ${tiles(ids.length)} from ${from}${missing}`;
  }

  if (page.dataset.reading === "" && !tilescreen.reads) tilescreen.named();
  nameReviewer(document.body.dataset.reviewer || tilescreen.reviewer());
  open().catch((error) => tilescreen.warn(`The list could not be made. ${error.message}`));
}
