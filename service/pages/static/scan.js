"use strict";
// A scan: select tiles by a rectangle or the keyboard, and decide for them. A finger that is drawn over the scan scrolls
// the page, unless "Select by drag" is pressed: then it adds to the selection, and a tap takes one tile in or out.

(() => {
  const root = document.getElementById("scan");
  if (!root) return;
  const svg = root.querySelector(".heat");
  const links = [...svg.querySelectorAll("a[data-id]")];
  const told = root.querySelector(".told");
  const actions = [...root.querySelectorAll("[data-decide], #open, #clear")];
  const chosen = new Set();
  const byFinger = document.getElementById("by-finger");
  let from = null;
  let frame = null;
  let moved = false;
  let before = []; // what was selected when the drag began

  function tell() {
    for (const link of links) link.classList.toggle("chosen", chosen.has(link));
    told.textContent = chosen.size ? `${chosen.size} ${chosen.size === 1 ? "tile" : "tiles"} selected.` : "Nothing is selected.";
    const ids = JSON.stringify(links.filter((link) => chosen.has(link)).map((link) => link.dataset.id));
    for (const button of actions) {
      button.disabled = !chosen.size;
      if ("ids" in button.dataset) button.dataset.ids = ids;
    }
  }

  function choose(some, also) {
    if (!also) chosen.clear();
    for (const link of some) chosen.add(link);
    tell();
  }

  function toggle(link) {
    if (!chosen.delete(link)) chosen.add(link);
    tell();
  }

  const adding = () => byFinger.ariaPressed === "true";

  // Whether a rectangle, however thin, lies on a part of a tile.
  function meets(link, x, y, width, height) {
    const box = link.firstElementChild.getBoundingClientRect();
    return box.left < x + width && box.right > x && box.top < y + height && box.bottom > y;
  }

  const middle = (link) => {
    const box = link.firstElementChild.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };

  // The next tile in a direction: the nearest whose middle lies within a slope of one.
  function beside(link, dx, dy) {
    const [x, y] = middle(link);
    let best = null;
    let least = Infinity;
    for (const other of links) {
      const [a, b] = middle(other);
      const along = (a - x) * dx + (b - y) * dy;
      const across = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
      if (along > 1 && across <= along && along + 2 * across < least) [best, least] = [other, along + 2 * across];
    }
    return best;
  }

  function focus(link) {
    for (const one of links) one.tabIndex = one === link ? 0 : -1;
    link.focus();
  }

  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  svg.addEventListener("keydown", (event) => {
    const link = event.target.closest("a[data-id]");
    if (!link || event.ctrlKey || event.metaKey || event.altKey) return;
    const letter = tilescreen.letter(event);
    if (letter === "u") {
      if (!event.repeat) tilescreen.undo();
    } else if (letter in tilescreen.KEYS) {
      if (event.repeat) return;
      if (chosen.size) actions.find((button) => button.dataset.decide === tilescreen.KEYS[letter]).click();
      else told.textContent = "Nothing is selected. Press space to select the tile with the frame.";
    } else if (event.key === " ") {
      event.preventDefault();
      toggle(link);
    } else if (ways[event.key]) {
      event.preventDefault();
      const next = beside(link, ...ways[event.key]);
      if (event.shiftKey) choose(next ? [link, next] : [link], true);
      if (next) focus(next);
    }
  });

  svg.addEventListener("dragstart", (event) => event.preventDefault());
  svg.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    from = [event.clientX, event.clientY];
    moved = false;
    before = [...chosen];
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = [Math.min(from[0], event.clientX), Math.min(from[1], event.clientY)];
    const [width, height] = [Math.abs(event.clientX - from[0]), Math.abs(event.clientY - from[1])];
    if (!moved && width + height < 6) return;
    moved = true;
    if (!frame) {
      frame = document.createElement("div");
      frame.className = "rubber";
      document.body.append(frame);
    }
    Object.assign(frame.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
    const also = event.ctrlKey || (event.pointerType === "touch" && adding());
    choose([...(also ? before : []), ...links.filter((link) => meets(link, x, y, width, height))], false);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => {
      if (from && moved && end === "pointercancel") choose(before, false); // the page is scrolled instead
      from = null;
      frame?.remove();
      frame = null;
    });
  }
  // A drag ends with a click on some tile, which is not meant to open it.
  svg.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-id]");
    const tapped = link && event.detail > 0 && adding(); // Enter opens the tile all the same
    if (moved || tapped) event.preventDefault();
    if (!moved && tapped) toggle(link);
    moved = false;
  }, true);

  byFinger.addEventListener("click", () => {
    byFinger.ariaPressed = String(!adding());
    svg.classList.toggle("by-finger", adding());
  });

  document.getElementById("clear").addEventListener("click", () => choose([], false));
  document.getElementById("lettering").addEventListener("click", () => {
    choose(links.filter((link) => link.querySelector(".level3, .level4")), false);
  });
  document.getElementById("open").addEventListener("click", () => {
    const ids = links.filter((link) => chosen.has(link)).map((link) => link.dataset.id);
    location.href = selections.keep(ids, `scan ${root.dataset.scan}`);
  });
  document.getElementById("show-heat").addEventListener("change", (event) => svg.classList.toggle("plain", !event.target.checked));
  tell();
})();
