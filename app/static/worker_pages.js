/** On every page of somebody who is signed in: starts the worker that keeps pages, and says when one is kept. */

import { element } from "./verdict.js";
import { _, moment } from "./words.js";

const PAGES = "packtrace pages"; // as worker.js calls them

/** Forget the pages that were kept: they are of whoever was signed in. */
export async function forgetPages() {
  await globalThis.caches?.delete(PAGES);
}

/** Start the worker. Without one, as in a private window, pages open only while the server answers. */
export function keepPages() {
  const version = document.querySelector("[data-worker]").dataset.worker;
  navigator.serviceWorker?.register(`/worker.js?v=${version}`).catch(() => {});
  for (const form of document.querySelectorAll("form[action='/logout'], form[action='/account/sessions']")) {
    form.addEventListener("submit", forgetPages);
  }
  const { kept } = document.body.dataset;
  if (!kept) return;
  const words = _("The server cannot be reached. This page is as it was at %(time)s; what you sign waits in this browser.", { time: moment(kept) });
  const line = element("p", words, "busy");
  line.id = "kept-page";
  line.setAttribute("role", "status");
  document.getElementById("content").prepend(line);
}
