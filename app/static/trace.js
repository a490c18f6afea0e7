/** One selection in graph, map, timeline and table of a trace. Every element says in `data-keys` what it
 * is part of; what may be chosen has its own key. Without this script all four can be read. */

import { _ } from "/static/words.js";

const page = document.querySelector("main");
const told = document.querySelector("#chosen");
const parts = [...page.querySelectorAll("[data-keys]")].map((element) => [
  element,
  new Set(element.dataset.keys.split(" ")),
]);
let chosen = "";

/** Let all that belongs to a key stand out; the same key again, or none, lets go. */
function choose(key, words) {
  chosen = key === chosen ? "" : key;
  page.classList.toggle("choosing", chosen !== "");
  for (const [element, keys] of parts) {
    element.classList.toggle("chosen", chosen !== "" && keys.has(chosen));
  }
  for (const button of page.querySelectorAll("button.choose")) {
    button.setAttribute("aria-pressed", String(button.dataset.choose === chosen));
  }
  if (!told) return;
  const rows = page.querySelectorAll("#flows tr.chosen").length;
  told.hidden = chosen === "";
  told.textContent = chosen === "" ? "" : _("Chosen: %(what)s. Rows that belong to it: %(n)s. Choose it again, or press Escape, to let go.", { what: words, n: rows });
}

// What can be chosen by hand is a button: it is reached and pressed by the keyboard.
for (const place of page.querySelectorAll("[data-choose]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "choose";
  button.dataset.choose = place.dataset.choose;
  button.setAttribute("aria-pressed", "false");
  button.append(...place.childNodes);
  button.addEventListener("click", () => choose(button.dataset.choose, button.textContent));
  place.replaceWith(button);
}

// In the pictures, by a click; the lists beside them have the same by the keyboard.
for (const element of page.querySelectorAll("svg [data-key]")) {
  const words = element.querySelector("title")?.textContent ?? "";
  if (element.dataset.key) element.addEventListener("click", () => choose(element.dataset.key, words));
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && chosen !== "") choose("", "");
});
page.classList.add("js");
