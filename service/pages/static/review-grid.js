"use strict";
// A grid of any number of tiles of which only those near the screen are in the document.

class TileGrid {
  static LEAST_REM = 7.25;
  static GAP_PX = 8;
  static CAPTION_REM = 1.375;
  static SPARE_ROWS = 3; // kept ready above and below the screen
  static HURRY = 1.5; // screens a frame: faster than this, pictures wait until the scrolling is over
  static CALM_MS = 90;

  // frame: the element that scrolls, role grid. fill(index): returns a cell's content, for a tile that is known.
  constructor(frame, list, fill) {
    this.frame = frame;
    this.list = list;
    this.fill = fill;
    this.canvas = frame.querySelector(".canvas");
    this.rows = new Map(); // row -> element
    this.at = 0; // the tile that has the focus, or would get it
    this.selected = new Set([0]);
    this.top = 0;
    this.due = 0;
    frame.addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.layout()).observe(frame);
    this.layout();
  }

  // Work out columns and the height of all rows; the tile with the focus stays where it can be seen.
  layout() {
    const width = this.canvas.clientWidth;
    const { LEAST_REM, GAP_PX, CAPTION_REM } = TileGrid;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const columns = Math.max(2, Math.floor((width + GAP_PX) / (LEAST_REM * rem + GAP_PX)));
    const height = (width - GAP_PX * (columns - 1)) / columns + CAPTION_REM * rem + GAP_PX;
    const moved = columns !== this.columns || height !== this.height;
    this.columns = columns;
    this.height = height;
    this.count = Math.ceil(this.list.total / columns);
    this.canvas.style.height = `${this.count * height}px`;
    this.canvas.style.setProperty("--columns", columns);
    this.frame.setAttribute("aria-colcount", columns);
    this.frame.setAttribute("aria-rowcount", this.count);
    const focused = moved && this.canvas.contains(document.activeElement);
    if (moved) this.clear();
    if (moved && this.drawn) this.reveal(this.at);
    this.render();
    if (focused) this.cell(this.at)?.focus({ preventScroll: true });
    this.drawn = true;
  }

  clear() {
    for (const row of this.rows.keys()) this.#drop(row);
  }

  #soon() {
    this.due ||= requestAnimationFrame(() => {
      this.due = 0;
      this.render();
    });
  }

  get screen() {
    const first = Math.floor(this.frame.scrollTop / this.height);
    const last = Math.ceil((this.frame.scrollTop + this.frame.clientHeight) / this.height);
    return { first, last, rows: Math.max(1, Math.floor(this.frame.clientHeight / this.height)) };
  }

  render() {
    const top = this.frame.scrollTop;
    const hurry = Math.abs(top - this.top) > TileGrid.HURRY * this.frame.clientHeight;
    this.top = top;
    const { first, last } = this.screen;
    const from = Math.max(0, first - TileGrid.SPARE_ROWS);
    const to = Math.min(this.count, last + TileGrid.SPARE_ROWS);
    // The row with the focus stays, else the keyboard would be lost with it.
    const kept = Math.floor(this.at / this.columns);
    for (const row of this.rows.keys()) if ((row < from || row >= to) && row !== kept) this.#drop(row);
    for (let row = from; row < to; row++) this.#add(row, hurry);
    if (kept < this.count) this.#add(kept, hurry);
    clearTimeout(this.calm);
    if (hurry) {
      this.calm = setTimeout(() => this.render(), TileGrid.CALM_MS);
      return;
    }
    for (const image of this.canvas.querySelectorAll("img[data-src]")) load(image); // left by a hurry
    this.list.want(from * this.columns, to * this.columns);
  }

  #add(row, hurry) {
    if (this.rows.has(row)) return;
    const element = document.createElement("div");
    element.setAttribute("role", "row");
    element.setAttribute("aria-rowindex", row + 1);
    element.style.transform = `translateY(${row * this.height}px)`;
    const end = Math.min((row + 1) * this.columns, this.list.total);
    for (let index = row * this.columns; index < end; index++) element.append(this.#cell(index, hurry));
    // In their order, which is the order in which they are read out.
    const next = Math.min(...[...this.rows.keys()].filter((other) => other > row));
    this.canvas.insertBefore(element, this.rows.get(next) ?? null);
    this.rows.set(row, element);
  }

  #cell(index, hurry) {
    const cell = document.createElement("div");
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colindex", (index % this.columns) + 1);
    cell.dataset.index = index;
    this.#complete(cell, index, hurry);
    this.#mark(cell, index);
    return cell;
  }

  #complete(cell, index, hurry) {
    const tile = this.list.get(index);
    if (!tile) return;
    this.fill(cell, tile, index);
    if (!hurry) load(cell.querySelector("img"));
  }

  #mark(cell, index) {
    cell.tabIndex = index === this.at ? 0 : -1;
    cell.setAttribute("aria-selected", this.selected.has(index));
  }

  #drop(row) {
    // A picture that nobody waits for any more makes room for those on the screen.
    for (const image of this.rows.get(row).querySelectorAll("img")) if (!image.complete) image.removeAttribute("src");
    this.rows.get(row).remove();
    this.rows.delete(row);
  }

  // Fill the cells of tiles that have just become known.
  arrived(first, end) {
    for (const cell of this.canvas.querySelectorAll("[role=gridcell]:empty")) {
      const index = Number(cell.dataset.index);
      if (index >= first && index < end) this.#complete(cell, index, false);
    }
  }

  cell(index) {
    return this.rows.get(Math.floor(index / this.columns))?.children[index % this.columns];
  }

  reveal(index) {
    const top = Math.floor(index / this.columns) * this.height;
    const { scrollTop, clientHeight } = this.frame;
    if (top < scrollTop) this.frame.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.frame.scrollTop = top + this.height - clientHeight;
  }

  // Give a tile the focus; `selected` are the indices that are chosen with it.
  focus(index, selected, { quietly = false } = {}) {
    this.at = index;
    this.selected = selected;
    this.reveal(index);
    this.render();
    for (const row of this.rows.values()) for (const cell of row.children) this.#mark(cell, Number(cell.dataset.index));
    if (quietly) return;
    this.cell(index)?.focus({ preventScroll: true });
    this.cell(index)?.scrollIntoView({ block: "nearest" }); // a low window scrolls as well
  }
}

function load(image) {
  if (!image?.dataset.src) return;
  image.src = image.dataset.src;
  delete image.dataset.src;
}
