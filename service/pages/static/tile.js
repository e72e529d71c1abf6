"use strict";
// The reason and the comment of a tile's page go with the decision made beside them; its history follows.

const because = [...document.querySelectorAll("#because [name]")];
const choices = [...document.querySelectorAll(".decided [data-decide]")];

// Before the press is heard by what decides.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-decide]");
  if (!choices.includes(button)) return;
  for (const { name, value } of because) {
    if (value.trim()) button.dataset[name] = value.trim();
    else delete button.dataset[name];
  }
}, true);

document.addEventListener("decided", async ({ detail: { results, decision, undone } }) => {
  if (!results.length) return;
  const button = !undone && choices.find((one) => one.dataset.decide === decision);
  for (const field of because) {
    if (button && field.value.trim() === button.dataset[field.name]) field.value = "";
  }
  await renew();
});

// The history as the service has it; if it does not answer, what is shown stays.
async function renew() {
  const answer = await tilescreen.reach(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [old, now] = [document, page].map((one) => one.getElementById("history"));
  if (!now) return;
  const { open } = old.querySelector("details") ?? {};
  old.replaceWith(now);
  now.querySelector("details")?.toggleAttribute("open", Boolean(open));
}
