/**
 * Keeps a recall's board up to date: told by server-sent events that it has changed, it fetches the page
 * and puts the new parts in place of the old. Where no stream is free, it looks now and then.
 */

import { _, moment } from "./words.js";

const at = (id) => document.getElementById(id);
const LOOK = 30_000; // ms between two looks without a stream
const UNREACHED = () => _("The server cannot be reached. What is shown may be old.");
const { id } = at("recall").dataset;
let shown = at("recall").dataset.version;
let busy = false;

/** Put what has changed into the page; what somebody has written, and where they are, stays. */
async function refresh() {
  if (busy) return;
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.status === 401) return say(_("You are signed out. What is shown may be old: sign in again."));
    if (!answer.ok) return say(UNREACHED());
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (other && other.innerHTML !== part.innerHTML) replace(part, other);
    }
    shown = fresh.getElementById("recall").dataset.version;
    say(_("Up to date: %(moment)s", { moment: moment(Date.now()) }));
  } catch {
    say(UNREACHED());
  } finally {
    busy = false;
  }
}

function replace(part, other) {
  const open = [...part.querySelectorAll("details")].map((one) => one.open);
  const written = [...part.querySelectorAll("input")].map((one) => [one.id, one.value]);
  const links = [...part.querySelectorAll("a, input")];
  const place = links.indexOf(document.activeElement);
  const name = document.activeElement.id;
  part.replaceChildren(...document.adoptNode(other).childNodes);
  part.querySelectorAll("details").forEach((one, n) => (one.open = open[n] ?? one.open));
  for (const one of part.querySelectorAll("input")) {
    const [, value] = written.find(([id]) => id === one.id) ?? [];
    one.value = value ?? one.value;
  }
  if (place >= 0) (document.getElementById(name) ?? part.querySelectorAll("a, input")[place])?.focus();
}

function say(words) {
  at("live").textContent = words;
}

let stream = null;
let looking = 0;

/** A page that nobody looks at keeps no stream: browsers open six connections to a server, servers few. */
function follow() {
  stream?.close();
  clearInterval(looking);
  if (document.hidden) return;
  let failed = 0;
  stream = new EventSource(`/api/recalls/${id}/events`);
  stream.addEventListener("open", () => {
    failed = 0;
    say(_("This page keeps itself up to date."));
  });
  stream.addEventListener("board", ({ data }) => JSON.parse(data).version !== shown && refresh());
  stream.addEventListener("error", ({ target }) => {
    if (target !== stream) return;
    if (target.readyState === EventSource.CLOSED) {
      // It was refused: no stream is free, or the session has ended.
      looking = setInterval(refresh, LOOK);
      refresh();
    } else if (++failed > 1) say(UNREACHED()); // each stream ends after a while; it asks again by itself
  });
}

document.addEventListener("visibilitychange", follow);
addEventListener("pagehide", () => stream?.close());
follow();
