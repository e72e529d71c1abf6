"use strict";
// Why a tile is where it is: its picture with what was found, its score, reasons, decisions and neighbours.

class Why {
  static WAIT_MS = 80; // before the service is asked, so that running over tiles asks nothing

  constructor(panel, zoom, bundle) {
    this.panel = panel;
    this.zoom = zoom;
    this.bundle = bundle;
    this.names = JSON.parse(panel.dataset.names);
    this.told = new Map(); // id -> what the service said of it
    for (const event of ["decided", "refused"]) {
      document.addEventListener(event, () => {
        this.told.clear();
        if (this.shown) this.show(this.shown);
      });
    }
  }

  address(id) {
    return `/tiles/${encodeURIComponent(id)}/image?v=${this.bundle}`;
  }

  // What an <img> of the tile says to who does not see it.
  words(tile) {
    const concepts = [...tile.concept_names];
    const name = (code) => (code === "CONCEPT" ? concepts.shift() : this.names[code].toLowerCase());
    const reasons = tile.reasons.map(name).join(", ");
    return `Tile ${tile.id}, score ${score(tile.score)}, verdict ${tile.verdict}${reasons && `: ${reasons}`}`;
  }

  // which: in a word, why it is this tile that is shown.
  show(tile, which) {
    if (which) this.panel.querySelector("[data-slot=which]").textContent = which;
    const changed = this.shown?.id !== tile.id;
    this.shown = tile;
    for (const place of [this.panel, this.zoom]) this.#basics(place, tile);
    const known = this.told.get(tile.id);
    if (known) this.#more(known);
    else if (changed) this.#more(null);
    clearTimeout(this.timer);
    if (!known) this.timer = setTimeout(() => this.#ask(tile.id), Why.WAIT_MS);
  }

  async #ask(id) {
    try {
      const answer = await tilescreen.ask("GET", `/review/tiles/${encodeURIComponent(id)}?k=3${tilescreen.alone()}`);
      this.told.set(id, answer);
      tilescreen.learn(id, answer.state);
      if (this.shown.id === id) this.#more(answer);
    } catch (error) {
      // Not as a warning, which would cover one about a decision that was not saved.
      if (this.shown.id !== id) return;
      this.panel.removeAttribute("aria-busy");
      this.panel.querySelector("[data-slot=which]").textContent = `More is not known: ${error.message}`;
    }
  }

  #basics(place, tile) {
    const image = place.querySelector(".plate img");
    if (image.dataset.of !== tile.id) {
      image.dataset.of = tile.id;
      image.src = this.address(tile.id);
      image.alt = this.words(tile);
    }
    place.querySelector(".plate .boxes")?.remove();
    place.querySelector(".plate").append(...surest(tile));
    const link = place.querySelector("[data-slot=id]");
    link.textContent = tile.id;
    link.href = `/view/tiles/${encodeURIComponent(tile.id)}`;
    const verdict = place.querySelector("[data-slot=verdict]");
    verdict.className = `badge verdict-${tile.verdict}`;
    verdict.textContent = tile.verdict;
    place.querySelector("[data-slot=score]").textContent = score(tile.score);
    const state = place.querySelector("[data-slot=state]");
    state.dataset.stateOf = tile.id;
    state.dataset.state = tile.state ?? "";
    tilescreen.show(state);
  }

  #more(answer) {
    this.panel.toggleAttribute("aria-busy", !answer);
    const found = answer?.found ?? [];
    if (answer) {
      for (const place of [this.panel, this.zoom]) {
        place.querySelector(".plate .boxes")?.remove();
        place.querySelector(".plate").append(...boxes(answer, found));
      }
    }
    const slot = (name) => this.panel.querySelector(`[data-slot=${name}]`);
    slot("reasons").replaceChildren(...found.map((one) => this.#reason(one)));
    slot("none").hidden = !answer || found.length > 0;
    slot("where").replaceChildren(...(answer ? this.#where(answer) : []));
    slot("decisions").replaceChildren(
      ...(answer?.decisions ?? []).map((one) => make("li", {}, make("b", {}, one.reviewer), `: ${one.decision}`)),
    );
    for (const state of ["drop", "keep"]) {
      slot(state).replaceChildren(...(answer?.confirmed[state] ?? []).map((one) => this.#near(one)));
      slot(state).closest("section").hidden = !answer?.confirmed[state].length;
    }
    slot("nobody").hidden = !answer || Boolean(answer.confirmed.drop.length + answer.confirmed.keep.length);
  }

  #reason(one) {
    const bar = svg("svg", { class: "rarity", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
    bar.append(svg("rect", { class: "all", width: 100, height: 6 }), svg("rect", { class: "part", width: 100 * one.score, height: 6 }));
    return make(
      "li",
      {},
      make("span", { className: `swatch reason-${one.code}` }),
      make("b", {}, one.name ?? this.names[one.code]),
      make("span", { className: "score" }, score(one.score)),
      bar,
    );
  }

  // The tile's scan and cluster, each a way to see only those.
  #where(tile) {
    const cluster = tile.cluster === null ? "the stray tiles" : `cluster ${tile.cluster}`;
    const alone = tilescreen.alone() && "&alone=1";
    const links = [make("a", { href: `?cluster=${tile.cluster ?? -1}&state=all${alone}` }, cluster)];
    if (tile.scan !== null) {
      links.push(make("a", { href: `?scan=${encodeURIComponent(tile.scan)}&state=all&sort=id${alone}` }, `scan ${tile.scan}`));
    }
    return links.flatMap((link, at) => (at ? [", ", link] : ["Only ", link]));
  }

  #near(one) {
    const image = make("img", { src: this.address(one.id), alt: `Tile ${one.id}`, width: 64, height: 64 });
    const link = make("a", { className: "tile", href: `/view/tiles/${encodeURIComponent(one.id)}`, title: one.id }, image);
    return make("li", {}, link, make("span", { className: "why-short" }, `${one.distance.toFixed(2)} away`));
  }
}

// The box of the surest reason that has a place.
function surest(tile) {
  const code = tile.reasons.find((one) => ["LETTERING", "FILM_EDGE", "MASKED"].includes(one));
  return boxes(tile, [{ code, box: tile.box }]);
}

// Boxes over a picture of `tile`, which has the shape of a square whatever the tile's own is.
function boxes(tile, found) {
  const placed = found.filter((one) => one.box);
  if (!placed.length) return [];
  const plate = svg("svg", {
    class: "boxes",
    viewBox: `0 0 ${tile.width} ${tile.height}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  for (const { code, box } of placed) {
    const place = { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top };
    plate.append(svg("rect", { class: "halo", ...place }), svg("rect", { class: `reason-${code}`, ...place }));
  }
  return [plate];
}

// Two digits, as everywhere on the pages: 0 and 1 are not claimed by rounding.
function score(value) {
  if (value > 0 && value < 0.01) return "< 0.01";
  if (value > 0.99 && value < 1) return "> 0.99";
  return value.toFixed(2);
}

function make(name, properties, ...content) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...content);
  return element;
}

function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
