/** Choosing a place on record: search by name or number (GLN), then one press. */

import { element } from "./verdict.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);

/** The form `where` with its results; `chosen` is {gln, name, party, partyName, address} or null. */
export class Destination {
  chosen = null;
  #changed;
  #turn = 0;

  /** `changed()` is told of each choice. */
  constructor(changed) {
    this.#changed = changed;
    at("where").addEventListener("submit", (event) => {
      event.preventDefault();
      this.search(at("where-text").value);
    });
    at("where-other").addEventListener("click", () => {
      this.set(null);
      at("where-text").focus();
    });
  }

  /** Look for places; the only one that fits is chosen. */
  async search(text, focus = true) {
    const turn = ++this.#turn;
    const wanted = text.trim();
    if (wanted.length < 2) return this.#say(_("Type two letters or digits of it at least."));
    this.#say(_("Searching…"));
    let found;
    try {
      const answer = await fetch(`/api/sites?q=${encodeURIComponent(wanted)}`, { headers: { Accept: "application/json" } });
      found = await answer.json();
      if (!answer.ok) return this.#say(found.detail);
    } catch {
      return this.#say(_("The server cannot be reached. Check the line."));
    }
    if (turn !== this.#turn) return undefined; // another search is under way
    const { sites } = found;
    if (sites.length === 1) return this.set(sites[0], focus);
    this.#say(
      sites.length
        ? _n("One place fits.", "%(n)s places fit: choose one.", sites.length)
        : _("No place on record fits, or it is suspended. Search by another part of its name, or by its GLN."),
    );
    at("where-results").replaceChildren(...sites.map((one) => this.#line(one)));
    if (focus) at("where-results").querySelector("button")?.focus();
    return undefined;
  }

  #line(site) {
    const line = element("li");
    const button = element("button", placeWords(site));
    button.type = "button";
    button.addEventListener("click", () => this.set(site));
    line.append(button, element("span", ` ${site.address} · GLN ${site.gln}`, "hint"));
    return line;
  }

  /** Choose a place, or none. */
  set(site, focus = true) {
    this.chosen = site;
    at("where-text").value = "";
    at("where-results").replaceChildren();
    this.#say("");
    at("where-search").hidden = Boolean(site);
    at("where-chosen").hidden = !site;
    if (site) {
      at("where-name").textContent = placeWords(site);
      at("where-address").textContent = `${site.address} · GLN ${site.gln}`;
      if (focus) at("where-other").focus();
    }
    this.#changed();
  }

  #say(words) {
    at("where-state").textContent = words;
  }
}

/** A place in words: its party and its own name. */
export function placeWords({ partyName, name }) {
  return `${partyName}, ${name}`;
}
