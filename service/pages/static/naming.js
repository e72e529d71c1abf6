"use strict";
// Who decides: the name that the key has, or that a person says once. The document hears "named" {name}.

const naming = (() => {
  const COOKIE = "tilescreen_reviewer";
  const YEAR_S = 31536000;
  const LONGEST = 80; // of a name, in characters; an emoji is one of them
  let asking = false;
  let given = ""; // the name that this page shows, also where no cookie is kept

  // A name as the service keeps it; as service/requests/reviewers.py has it.
  const tidy = (name) => name.normalize("NFC").replace(/\p{Zs}/gu, " ").trim();

  function remembered() {
    const found = document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`));
    try {
      return found ? tidy(decodeURIComponent(found.slice(COOKIE.length + 1))) : "";
    } catch {
      return ""; // somebody else's cookie: the name is asked for again
    }
  }

  const reviewer = () => given;

  // Whose decisions these are: the key's holder, or who says so.
  const myself = () => document.body.dataset.reviewer || reviewer();

  // What names the reviewer of a request: the cookie may be another tab's, not be sent yet, or not be kept at all.
  function signed(who = myself()) {
    return who ? { "X-Reviewer": encodeURIComponent(who) } : {};
  }

  // Ask who decides, once; a key that names its reviewer has said so already. Returns whether it is known.
  function known() {
    if (!myself() && remembered()) call(remembered()); // said in another tab since
    return myself() ? Promise.resolve(true) : rename();
  }

  function call(name) {
    given = name;
    document.dispatchEvent(new CustomEvent("named", { detail: { name } }));
  }

  // What is wrong with a name, in a sentence; as service/requests/reviewers.py has it.
  function wrong(name) {
    if ([...name].length > LONGEST) return `A name has at most ${LONGEST} characters.`;
    if (/[,:#@]/u.test(name)) return "A name has no comma, colon, # or @.";
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name.replace(/[\u200c\u200d]/gu, ""))) return "A name has printable characters only.";
    return name ? "" : "Type a name.";
  }

  // Returns whether a name was given; while one is asked for, no to whoever asks again.
  function rename() {
    if (asking) return Promise.resolve(false);
    asking = true;
    const dialog = document.createElement("dialog");
    dialog.className = "who";
    dialog.setAttribute("aria-labelledby", "who");
    dialog.innerHTML = `<form method="dialog"><h2 id="who">Who decides?</h2>
      <p>Each decision, and each mark on the Teach page, is kept with a name, so that two reviewers can be compared.</p>
      <label>Your name <input name="name" required autocomplete="name"></label>
      <p><button class="primary" value="yes">Go on</button>
      <button type="button" data-cancel>Cancel</button></p></form>`;
    const input = dialog.querySelector("input");
    const typed = () => tidy(input.value);
    const check = () => input.setCustomValidity(wrong(typed()));
    input.value = reviewer();
    input.addEventListener("input", check);
    check();
    dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close(""));
    document.body.append(dialog);
    const before = document.activeElement;
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const name = dialog.returnValue === "yes" ? typed() : "";
        if (name) {
          document.cookie = `${COOKIE}=${encodeURIComponent(name)}; Path=/; Max-Age=${YEAR_S}; SameSite=Strict`;
          call(name);
        }
        asking = false;
        dialog.remove();
        before?.focus();
        resolve(Boolean(name));
      });
    });
  }

  given = remembered();
  return { reviewer, myself, signed, known, rename };
})();
