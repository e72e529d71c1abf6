"use strict";
// What hands do on the map: move, pinch, lasso with mouse, pen, finger or keys, and look at a tile.

function mapHands({ stage, points, data, select, redraw }) {
  const canvas = stage.querySelector(".over");
  const context = canvas.getContext("2d");
  const tip = stage.querySelector(".tip");
  const held = new Map(); // by pointer, where it is
  let lasso = null;
  let moved = 0;
  let near = -1;
  let pinned = false;

  const lassoing = (event) => event.shiftKey || event.ctrlKey || stage.querySelector("[name=hand]:checked").value === "lasso";
  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function draw() {
    const width = Math.round(canvas.clientWidth * points.ratio);
    const height = Math.round(canvas.clientHeight * points.ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(points.ratio, 0, 0, points.ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (lasso) {
      context.beginPath();
      for (const [x, y] of lasso) context.lineTo(x, y);
      context.closePath();
      context.fillStyle = "rgb(255 255 255 / 0.12)";
      context.strokeStyle = "#fff";
      context.lineWidth = 1.5;
      context.fill();
      context.stroke();
    }
    if (near >= 0) {
      const [x, y] = points.toPage(near);
      context.beginPath();
      context.arc(x, y, points.radius / points.ratio + 3, 0, 7);
      context.strokeStyle = "#fff";
      context.lineWidth = 2;
      context.stroke();
      place(x, y);
    }
  }

  function place(x, y) {
    const left = x + 16 + tip.offsetWidth > stage.clientWidth ? x - 16 - tip.offsetWidth : x + 16;
    const beside = canvas.offsetTop + y - tip.offsetHeight / 2;
    const top = Math.max(4, Math.min(stage.clientHeight - tip.offsetHeight - 4, beside));
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${top}px`;
  }

  function line(kind, words) {
    return Object.assign(document.createElement(kind), words);
  }

  // Show the tile at a point, and while it is pinned what can be done with it.
  async function look(point, pin) {
    if (point === near && pin === pinned) return;
    near = point;
    pinned = pin;
    redraw();
    tip.hidden = point < 0;
    if (point < 0) return;
    const id = (await data.fetchIds())[point];
    if (point !== near) return;
    const address = encodeURIComponent(id);
    const image = line("img", { src: `/tiles/${address}/image?v=${data.bundle}`, alt: `Tile ${id}`, width: 160, height: 160 });
    image.addEventListener("load", redraw);
    const label = data.labels[point];
    const verdict = mapGroups.names.verdicts[data.verdicts[point]];
    const words = `${verdict}, lettering score ${(data.scores[point] / 255).toFixed(2)}, ${label < 0 ? "stray" : `cluster ${label}`}`;
    const state = mapGroups.names.states[data.states[point]];
    tip.replaceChildren(image, line("p", { className: "name", textContent: id }), line("p", { textContent: words }));
    const decided = line("p", { className: "state" });
    Object.assign(decided.dataset, { stateOf: id, state: state === "undecided" ? "" : state });
    tilescreen.show(decided);
    tip.append(decided);
    if (pin) {
      const choices = line("div", { className: "choices" });
      choices.dataset.changes = "";
      tip.append(line("a", { href: `/view/tiles/${address}`, textContent: "Open tile" }), choices);
      for (const decision of ["keep", "review", "drop"]) {
        const button = line("button", { type: "button", textContent: decision });
        Object.assign(button.dataset, { decide: decision, ids: JSON.stringify([id]) });
        choices.append(button);
      }
    }
    tip.classList.toggle("pinned", pin);
    redraw();
  }

  function finish(event) {
    const ring = lasso;
    lasso = null;
    if (ring && ring.length > 2) select(points.inside(ring), event.ctrlKey ? "also" : event.altKey ? "without" : "only");
    redraw();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, spot(event));
    moved = 0;
    // A second finger means pinching, whatever the first one had begun.
    lasso = held.size === 1 && lassoing(event) ? [spot(event)] : null;
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = spot(event);
    const before = held.get(event.pointerId);
    if (!before) {
      if (!pinned) look(points.nearest(x, y), false);
      return;
    }
    moved += Math.hypot(x - before[0], y - before[1]);
    if (lasso) {
      const last = lasso[lasso.length - 1];
      if (Math.hypot(x - last[0], y - last[1]) > 3) lasso.push([x, y]);
    } else if (held.size === 2) {
      const [other] = [...held].filter(([pointer]) => pointer !== event.pointerId).map(([, at]) => at);
      const factor = Math.hypot(x - other[0], y - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
      points.pan((x - before[0]) / 2, (y - before[1]) / 2);
      points.zoomAt(factor, (x + other[0]) / 2, (y + other[1]) / 2);
    } else {
      points.pan(x - before[0], y - before[1]);
    }
    held.set(event.pointerId, [x, y]);
    redraw();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      if (!held.delete(event.pointerId)) return;
      if (lasso) finish(event);
      else if (end === "pointerup" && moved < 5) {
        const found = points.nearest(...spot(event));
        look(found, found >= 0);
      }
    });
  }
  canvas.addEventListener("pointerleave", () => pinned || look(-1, false));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    points.zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...spot(event));
    redraw();
  }, { passive: false });

  const whole = () => points.home();
  function zoom(factor) {
    points.zoomAt(factor, canvas.clientWidth / 2, canvas.clientHeight / 2);
  }
  const keys = {
    ArrowLeft: () => points.pan(60, 0), ArrowRight: () => points.pan(-60, 0),
    ArrowUp: () => points.pan(0, 60), ArrowDown: () => points.pan(0, -60),
    "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: whole,
    Escape: () => look(-1, false),
  };
  canvas.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
    redraw();
  });
  const buttons = { in: () => zoom(1.5), out: () => zoom(1 / 1.5), whole };
  for (const button of stage.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      buttons[button.dataset.zoom]();
      redraw();
    });
  }
  return { draw };
}
