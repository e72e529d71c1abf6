"use strict";
// What is typed while an undo is awaited is meant for what it leads back to: it waits for that, and is left out where the
// undo fails, which its `act` says by returning false. All else is done at once.

const inOrder = (() => {
  const hands = [];
  return async (act) => {
    hands.push(act);
    if (hands.length > 1) return;
    while (hands.length) {
      let done = false;
      try {
        done = await hands[0]();
      } catch (error) {
        reportError(error);
      }
      if (done === false) hands.length = 1;
      hands.shift();
    }
  };
})();
