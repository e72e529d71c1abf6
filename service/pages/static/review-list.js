"use strict";
// The tiles of the review page in their order, fetched in pieces as they come near the screen.

class TileList {
  static PIECE = 120;

  // start: the service's first answer {total, tiles}; query: the filter and order of the page's address.
  constructor(start, query) {
    this.total = start.total;
    this.query = query;
    this.as_of = start.as_of; // what is decided meanwhile leaves the list as it is
    this.sort = new URLSearchParams(query).get("sort");
    this.ids = null; // of a list that is known whole: a selection, or a budget's
    this.tiles = new Map(start.tiles.map((tile, index) => [index, tile]));
    this.under_way = new Map(); // piece -> promise
    this.broken = new Map(); // piece -> why it could not be fetched
    this.arrived = () => {};
    this.failed = () => {};
  }

  get(index) {
    return this.tiles.get(index);
  }

  indexOf(id) {
    return this.indicesOf([id])[0] ?? -1;
  }

  // Where these ids stand, in order; those that are not known are left out.
  indicesOf(ids) {
    const wanted = new Set(ids);
    return [...this.tiles].flatMap(([index, tile]) => (wanted.has(tile.id) ? index : [])).sort((a, b) => a - b);
  }

  // Fetch what is missing from `first` to before `end`; resolves when all of it is there.
  want(first, end) {
    const waiting = [];
    const last = Math.min(end, this.total) - 1;
    for (let piece = Math.floor(Math.max(0, first) / TileList.PIECE); piece * TileList.PIECE <= last; piece++) {
      if (this.#has(piece)) continue;
      if (!this.under_way.has(piece)) this.under_way.set(piece, this.#fetch(piece));
      waiting.push(this.under_way.get(piece));
    }
    return Promise.all(waiting);
  }

  #has(piece) {
    const start = piece * TileList.PIECE;
    return this.tiles.has(start) && this.tiles.has(Math.min(start + TileList.PIECE, this.total) - 1);
  }

  async #fetch(piece) {
    const start = piece * TileList.PIECE;
    try {
      const { tiles } = await this.#ask(start, TileList.PIECE);
      if (tiles.length < Math.min(TileList.PIECE, this.total - start)) throw new Error("The list is no longer what it was. Load the page again.");
      tiles.forEach((tile, at) => this.tiles.set(start + at, tile));
      this.broken.delete(piece);
      this.arrived(start, start + tiles.length);
    } catch (error) {
      this.broken.set(piece, error);
      this.failed(error);
    } finally {
      this.under_way.delete(piece);
    }
  }

  #ask(offset, limit) {
    if (this.ids) {
      const ids = this.ids.slice(offset, offset + limit);
      return tilescreen.ask("POST", `/review/tiles?sort=given&limit=${limit}${tilescreen.alone()}`, { ids });
    }
    return tilescreen.ask("GET", `/review/tiles?${this.query}&as_of=${this.as_of}&offset=${offset}&limit=${limit}`);
  }

  // Return the tiles of these indices, fetching those that were never near the screen. Throws if one is missing.
  async tilesOf(indices) {
    if (indices.some((index) => !this.tiles.has(index))) {
      await this.want(Math.min(...indices), Math.max(...indices) + 1);
    }
    const missing = indices.filter((index) => !this.tiles.has(index)).length;
    if (missing) {
      const [error] = this.broken.values();
      throw new Error(`${missing.toLocaleString("en")} of them could not be fetched. ${error?.message ?? "Load the page again."}`);
    }
    return indices.map((index) => this.tiles.get(index));
  }

  // Make it the list that it was after the event `as_of`.
  async reopen(as_of) {
    this.as_of = as_of;
    const { total, tiles } = await this.#ask(0, TileList.PIECE);
    this.total = total;
    this.tiles = new Map(tiles.map((tile, index) => [index, tile]));
  }

  // Make it the list of these ids, with the page's filter and in the order that `sort` names.
  async choose(ids, sort) {
    const query = new URLSearchParams(this.query);
    query.set("sort", sort);
    const answer = await tilescreen.ask("POST", `/review/tiles?${query}&limit=${TileList.PIECE}`, { ids });
    this.ids = answer.ids;
    this.total = answer.total;
    this.tiles = new Map(answer.tiles.map((tile, index) => [index, tile]));
    return answer;
  }
}
