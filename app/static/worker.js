/**
 * Keeps the pages on which work begins, so that they open while the server cannot be reached. A service
 * worker: it goes between this origin's pages and the network, and changes nothing that the server says.
 *
 * What the server says comes first, always; only what it does not answer at all is taken from here. Acts
 * and questions (/api/…) never are.
 */

const PAGES = "packtrace pages"; // as a person saw them; gone with their session, see worker_pages.js
const FILES = `packtrace files ${new URL(location.href).searchParams.get("v")}`;
const LOST = "/offline";
const WORK = /^\/(|scan|today|bags|stock|waiting|help|decommission|(containers|lots|shipments)(\/new)?|shipments\/[0-9a-f]{64}\/receive)$/;
const GATEWAY = [502, 504]; // statuses that are never the server's own
const MOST = 40; // pages; the oldest go first

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(keepFiles());
});

addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([clients.claim(), dropOld()]));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request, pathname));
  else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});

async function keepFiles() {
  const list = await (await fetch("/static-files.json")).json();
  const cache = await caches.open(FILES);
  await cache.addAll([new Request(LOST, { credentials: "omit" }), ...list]); // nobody's page
}

async function dropOld() {
  for (const name of await caches.keys()) {
    if (name !== FILES && name !== PAGES) await caches.delete(name);
  }
}

/** What the server says. Throws where it does not, and a proxy before it says that. */
async function served(request) {
  const answer = await fetch(request);
  if (GATEWAY.includes(answer.status)) throw new TypeError(answer.statusText);
  return answer;
}

async function file(request) {
  try {
    return await served(request);
  } catch {
    return (await caches.match(request, { ignoreVary: true })) ?? Response.error();
  }
}

async function page(request, pathname) {
  let answer;
  try {
    answer = await served(request);
  } catch {
    return (await keptPage(request)) ?? (await caches.match(LOST, { ignoreVary: true })) ?? Response.error();
  }
  if (answer.status === 401) await caches.delete(PAGES); // the session has ended, wherever that was
  const html = answer.headers.get("Content-Type")?.startsWith("text/html");
  if (answer.ok && answer.type === "basic" && html && WORK.test(pathname)) await keep(request, answer.clone());
  return answer;
}

async function keep(request, answer) {
  const cache = await caches.open(PAGES);
  await cache.delete(request, { ignoreVary: true }); // it becomes the newest
  await cache.put(request, answer);
  const all = await cache.keys();
  for (const old of all.slice(0, Math.max(0, all.length - MOST))) await cache.delete(old, { ignoreVary: true });
}

/** The page as it was, marked with when: it may say what is no longer so. */
async function keptPage(request) {
  const kept = await (await caches.open(PAGES)).match(request, { ignoreVary: true });
  if (!kept) return null;
  const time = new Date(kept.headers.get("Date")).toISOString();
  const text = (await kept.text()).replace("<body", `<body data-kept="${time}"`);
  return new Response(text, { headers: kept.headers });
}
