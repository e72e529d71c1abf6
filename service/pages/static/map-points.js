"use strict";
// Draws points straight into pixels: it needs neither WebGL nor a library, and tens of thousands take a few
// milliseconds on any machine. Places are in -1 to 1; colours are 32-bit, as the canvas holds them.

class PointMap {
  constructor(canvas, places, ground) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.places = places;
    this.count = places.length / 2;
    this.ground = ground;
    this.home();
    this.paint(new Uint32Array(this.count).fill(ground), Uint32Array.from({ length: this.count }, (_, i) => i));
  }

  // Show the whole map, as large as it fits.
  home() {
    const low = [Infinity, Infinity];
    const high = [-Infinity, -Infinity];
    this.places.forEach((place, at) => {
      low[at % 2] = Math.min(low[at % 2], place);
      high[at % 2] = Math.max(high[at % 2], place);
    });
    this.zoom = 1;
    this.middle = [0, 1].map((axis) => (low[axis] + high[axis]) / 2);
    this.span = [0, 1].map((axis) => Math.max(1e-6, high[axis] - low[axis]));
  }

  // Fit the canvas to its box; true if that changed.
  fit() {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    const width = Math.max(1, Math.round(this.canvas.clientWidth * this.ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * this.ratio));
    if (this.pixels && width === this.canvas.width && height === this.canvas.height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    this.picture = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.picture.data.buffer);
    return true;
  }

  // Give each point its colour, and the order to draw them in: the last lie on top.
  paint(colours, order) {
    this.colours = Uint32Array.from(order, (at) => colours[at]);
    this.sorted = new Float32Array(2 * this.count);
    for (let i = 0; i < this.count; i += 1) {
      this.sorted[2 * i] = this.places[2 * order[i]];
      this.sorted[2 * i + 1] = this.places[2 * order[i] + 1];
    }
  }

  // Pixels of the canvas a unit of the map, and where the middle of the map lies.
  get view() {
    const { width, height } = this.canvas;
    const scale = 0.92 * Math.min(width / this.span[0], height / this.span[1]) * this.zoom;
    return { scale, left: width / 2 - this.middle[0] * scale, top: height / 2 + this.middle[1] * scale };
  }

  get radius() {
    const { width, height } = this.canvas;
    const alone = 0.16 * Math.sqrt((width * height) / this.count) * Math.sqrt(this.zoom);
    return Math.max(this.ratio, Math.min(5 * this.ratio, alone));
  }

  draw() {
    const { pixels, sorted, colours, count, ground } = this;
    const { width, height } = this.canvas;
    const { scale, left, top } = this.view;
    const reach = Math.max(1, Math.round(this.radius));
    const halves = [];
    for (let dy = -reach; dy <= reach; dy += 1) halves.push(Math.round(Math.sqrt(reach * reach + 0.5 - dy * dy)));
    pixels.fill(ground);
    for (let i = 0; i < count; i += 1) {
      const x = Math.round(left + sorted[2 * i] * scale);
      const y = Math.round(top - sorted[2 * i + 1] * scale);
      if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
      const colour = colours[i];
      let row = (y - reach) * width + x;
      for (let line = 0; line <= 2 * reach; line += 1, row += width) {
        const half = halves[line];
        for (let at = row - half; at <= row + half; at += 1) pixels[at] = colour;
      }
    }
    this.context.putImageData(this.picture, 0, 0);
  }

  // A place of the page, in CSS pixels from the canvas' corner, as a place of the map, and back.
  toMap(x, y) {
    const { scale, left, top } = this.view;
    return [(x * this.ratio - left) / scale, (top - y * this.ratio) / scale];
  }

  toPage(point) {
    const { scale, left, top } = this.view;
    return [(left + this.places[2 * point] * scale) / this.ratio, (top - this.places[2 * point + 1] * scale) / this.ratio];
  }

  pan(dx, dy) {
    const unit = this.ratio / this.view.scale;
    this.middle = [this.middle[0] - dx * unit, this.middle[1] + dy * unit].map((one) => Math.max(-1.2, Math.min(1.2, one)));
  }

  // Zoom by a factor; what lies at x, y of the page stays there.
  zoomAt(factor, x, y) {
    const before = this.toMap(x, y);
    this.zoom = Math.max(0.8, Math.min(200, this.zoom * factor));
    const after = this.toMap(x, y);
    this.middle = this.middle.map((one, axis) => one + before[axis] - after[axis]);
  }

  // The point nearest to a place of the page, -1 if none is within reach.
  nearest(x, y) {
    const [wantedX, wantedY] = this.toMap(x, y);
    const within = Math.max(8 * this.ratio, this.radius + 3) / this.view.scale;
    let best = -1;
    let least = within * within;
    for (let i = 0; i < this.count; i += 1) {
      const dx = this.places[2 * i] - wantedX;
      const dy = this.places[2 * i + 1] - wantedY;
      const away = dx * dx + dy * dy;
      if (away < least) [least, best] = [away, i];
    }
    return best;
  }

  // The points inside a polygon of places of the page.
  inside(corners) {
    const found = [];
    const ring = corners.map(([x, y]) => this.toMap(x, y));
    const [low, high] = [Math.min, Math.max].map((ends) => [0, 1].map((axis) => ends(...ring.map((one) => one[axis]))));
    for (let i = 0; i < this.count; i += 1) {
      const x = this.places[2 * i];
      const y = this.places[2 * i + 1];
      if (x < low[0] || x > high[0] || y < low[1] || y > high[1]) continue;
      let odd = false;
      for (let a = 0, b = ring.length - 1; a < ring.length; b = a, a += 1) {
        const [ax, ay] = ring[a];
        const [bx, by] = ring[b];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
      }
      if (odd) found.push(i);
    }
    return found;
  }
}
