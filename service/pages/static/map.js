"use strict";
// The map's page: what it is coloured by, what is selected, and where the selection goes.

(async () => {
  const AGAIN_MS = 5000; // after which decisions that could not be read are asked for again
  const root = document.getElementById("map");
  const stage = root.querySelector(".stage");
  const bundle = root.dataset.bundle;
  const told = root.querySelector(".told");
  const legend = root.querySelector(".legend");
  const colouring = document.getElementById("colouring");
  const open = document.getElementById("open");
  const clear = document.getElementById("clear");

  async function get(url) {
    const answer = await tilescreen.reach(url);
    if (!answer.ok) throw new Error("The map could not be fetched. Load the page again.");
    if (answer.headers.get("X-Bundle") !== bundle) throw new Error("Another bundle is served now. Load the page again.");
    return answer;
  }

  const bytes = async (url) => (await get(url)).arrayBuffer();
  const version = `?v=${bundle}`;
  let columns, states, named;
  try {
    [columns, states, named] = await Promise.all([
      bytes(`/review/map${version}`),
      // Without the database of decisions there is a map all the same.
      bytes("/review/map/states").catch(() => null),
      get("/clusters").then((answer) => answer.json()),
    ]);
  } catch (error) {
    told.textContent = error.message;
    return;
  }
  const count = columns.byteLength / 14;
  const data = {
    count,
    places: new Float32Array(columns, 0, 2 * count),
    labels: new Int32Array(columns, 8 * count, count),
    verdicts: new Uint8Array(columns, 12 * count, count),
    scores: new Uint8Array(columns, 13 * count, count),
    states: states ? new Uint8Array(states) : new Uint8Array(count),
    clusters: named,
    bundle,
    ids: null,
  };
  let fetchingIds = null;
  let again = null;
  data.fetchIds = () => {
    fetchingIds ??= get(`/review/map/ids${version}`)
      .then((answer) => answer.json())
      .then((told) => (data.ids = told.ids))
      .catch((error) => {
        fetchingIds = null; // or nobody would ask again
        throw error;
      });
    return fetchingIds;
  };

  const ground = 0xff110f0c;
  const points = new PointMap(root.querySelector(".points"), data.places, ground);
  const selected = new Uint8Array(count);
  if (history.state?.bundle === bundle) selected.set(history.state.selected);
  let colours, order, shown;
  let asked = false;
  let over = null;

  // One picture a frame, however many movements came before it.
  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      points.fit();
      points.draw();
      over?.draw();
    });
  }

  const packed = (colour, share = 1) =>
    [0, 8, 16].reduce((sum, shift, at) => {
      const part = parseInt(colour.slice(1 + 2 * at, 3 + 2 * at), 16);
      const below = (ground >> shift) & 255;
      return sum + Math.round(below + (part - below) * share) * 2 ** shift;
    }, 0xff * 2 ** 24);

  const number = (value) => value.toLocaleString("en");
  const plural = (value) => `${number(value)} ${value === 1 ? "tile" : "tiles"}`;

  // Colour all points anew; of a selection the others stand back.
  function paint() {
    const chosen = selected.includes(1);
    const full = shown.groups.map((group) => packed(group.colour));
    const faint = shown.groups.map((group) => packed(group.colour, 0.3));
    for (let i = 0; i < count; i += 1) colours[i] = (chosen && !selected[i] ? faint : full)[shown.of(i)];
    // The larger a group, the deeper it lies; the selection lies on top.
    const rank = [...shown.groups.keys()].sort((a, b) => shown.groups[b].size - shown.groups[a].size);
    const depth = new Int32Array(shown.groups.length);
    rank.forEach((group, at) => (depth[group] = at));
    const keys = Float64Array.from({ length: count }, (_, i) => ((selected[i] * shown.groups.length + depth[shown.of(i)]) * count) + i).sort();
    for (let i = 0; i < count; i += 1) order[i] = keys[i] % count;
    points.paint(colours, order);
    redraw();
  }

  function measure() {
    for (const group of shown.groups) group.size = group.chosen = 0;
    for (let i = 0; i < count; i += 1) {
      const group = shown.groups[shown.of(i)];
      group.size += 1;
      group.chosen += selected[i];
    }
  }

  function tell() {
    measure();
    history.replaceState({ bundle, selected }, ""); // what is selected is there again after Back
    const total = shown.groups.reduce((sum, group) => sum + group.chosen, 0);
    told.textContent = total ? `${plural(total)} selected.` : "Nothing is selected.";
    open.disabled = clear.disabled = !total;
    shown.groups.forEach((group, at) => {
      const box = legend.querySelector(`[value="${at}"]`);
      if (!box) return;
      box.checked = group.size > 0 && group.chosen === group.size;
      box.indeterminate = group.chosen > 0 && group.chosen < group.size;
    });
    paint();
  }

  function colourBy(kind) {
    shown = mapGroups[kind](data);
    measure();
    legend.replaceChildren(
      ...shown.groups.map((group, at) => {
        const line = document.createElement("li");
        const label = document.createElement("label");
        const box = Object.assign(document.createElement("input"), { type: "checkbox", value: at, disabled: !group.size });
        const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
        swatch.style.backgroundColor = group.colour;
        const size = Object.assign(document.createElement("span"), { className: "count", textContent: number(group.size) });
        label.append(box, swatch, Object.assign(document.createElement("span"), { textContent: group.name }), size);
        line.append(label);
        if (group.link) {
          const link = Object.assign(document.createElement("a"), { href: group.link, textContent: "open" });
          link.setAttribute("aria-label", `open ${group.name}`);
          line.append(link);
        }
        return line;
      }),
    );
    tell();
  }

  // Select some points, or add them to those that are selected, or take them away.
  function select(found, how) {
    if (how === "only") selected.fill(0);
    for (const i of found) selected[i] = how === "without" ? 0 : 1;
    tell();
  }

  legend.addEventListener("change", (event) => {
    const group = Number(event.target.value);
    const members = [];
    for (let i = 0; i < count; i += 1) if (shown.of(i) === group) members.push(i);
    select(members, event.target.checked ? "also" : "without");
  });
  colouring.addEventListener("change", () => colourBy(colouring.value));
  clear.addEventListener("click", () => select([], "only"));
  open.addEventListener("click", async () => {
    try {
      const ids = await data.fetchIds();
      location.href = selections.keep(ids.filter((_, i) => selected[i]), "the map");
    } catch (error) {
      told.textContent = error.name === "QuotaExceededError"
        ? "The selection is too large for this browser. Select fewer tiles." : error.message;
    }
  });
  async function refresh() {
    clearTimeout(again);
    try {
      data.states = new Uint8Array(await bytes("/review/map/states"));
    } catch {
      told.textContent = "Decisions cannot be read now; those shown are of before.";
      again = setTimeout(refresh, AGAIN_MS);
      return;
    }
    if (colouring.value === "decision") colourBy("decision");
    else if (again) tell(); // without what was said of it
    again = null;
  }
  document.addEventListener("decided", refresh);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());

  colours = new Uint32Array(count);
  order = new Uint32Array(count);
  points.fit();
  over = mapHands({ stage, points, data, select, redraw });
  new ResizeObserver(redraw).observe(stage);
  colourBy(colouring.value);
  root.dataset.ready = "yes";
  if (!states) refresh();
  // Pictures need ids; fetched when there is nothing better to do.
  (window.requestIdleCallback ?? setTimeout)(() => data.fetchIds().catch(() => {}));
})();
