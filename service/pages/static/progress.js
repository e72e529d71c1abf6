"use strict";
// Draws an audit sample, or fetches what is left of the last one, and opens it as a grid.

const form = document.getElementById("audit");
const state = document.getElementById("audit-state");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  state.textContent = "drawing…";
  try {
    const told = await tilescreen.ask("POST", `/review/sample?size=${form.elements.size.value}`);
    if (told.tiles.length === 0) {
      state.textContent = "There is nothing left to sample.";
      return;
    }
    location.assign(`/view/review?sample=${told.draw}`);
  } catch (error) {
    tilescreen.write(state, `No sample could be drawn. ${error.message}`);
  }
});
