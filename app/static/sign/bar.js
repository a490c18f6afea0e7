/** On every page: who is at the station, and what waits to be sent or was refused. */

import { me } from "../me.js";
import { keepPages } from "../worker_pages.js";
import { _, _n } from "../words.js";
import { element } from "../verdict.js";
import * as keys from "./keys.js";
import * as outbox from "./outbox.js";
import { changePerson, people, personWords } from "./person.js";
import { problemWords } from "./words.js";

const TOUCH = 15_000; // ms between two notes that somebody is still here
const LOOK = 10_000; // ms between two looks whether a key is to be locked

const at = (id) => document.getElementById(id);
let touched = 0;

async function showPerson() {
  const place = document.querySelector(".who");
  if (!(await people()).length) return;
  const record = await keys.present(me.log, me.lockMinutes);
  let chip = at("at-station");
  if (!chip) {
    chip = element("span");
    chip.id = "at-station";
    place.prepend(chip);
  }
  const change = button(record ? _("Change") : _("Who are you?"), async () => {
    await changePerson();
    await showPerson();
  });
  const words = record ? personWords(record) : _("Nobody at the station");
  const parts = [element("strong", words), change];
  if (record) {
    const leave = async () => {
      await keys.lock();
      await showPerson();
    };
    parts.push(button(_("Lock"), leave));
  }
  chip.replaceChildren(...parts);
}

function button(words, press) {
  const made = element("button", words, "plain");
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

async function stillHere() {
  if (Date.now() - touched < TOUCH) return;
  touched = Date.now();
  if (await keys.present(me.log, me.lockMinutes)) await keys.touch();
}

async function showOutbox() {
  const all = await outbox.all();
  const refused = all.filter((one) => one.problem);
  const waiting = all.filter((one) => !one.problem);
  at("outbox").hidden = !all.length;
  const oldest = waiting[0] && new Date(waiting[0].created);
  at("outbox-words").textContent = waiting.length
    ? _n("%(n)s act waits to be sent, since %(time)s.", "%(n)s acts wait to be sent, the oldest since %(time)s.", waiting.length, {
        time: oldest.toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" }),
      })
    : "";
  at("outbox-refused").replaceChildren(...refused.map(refusedLine));
}

function refusedLine(one) {
  const line = element("li");
  const words = problemWords(one.problem);
  line.append(
    element("strong", _("Not done: %(what)s.", { what: one.words })),
    element("span", ` ${words} `),
    button(_("I have seen it"), () => outbox.acknowledge(one.id)),
  );
  return line;
}

if (me && at("outbox")) {
  keepPages();
  outbox.onChange(showOutbox);
  await Promise.all([showPerson(), showOutbox()]);
  for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, stillHere, { passive: true });
  setInterval(showPerson, LOOK);
}
