/** What this browser keeps: keys, statements that wait to be sent, receipts (IndexedDB). */

const NAME = "packtrace";
const STORES = { keys: "keyid", open: "keyid", outbox: "id", receipts: "id" };

let opened = null;

function database() {
  opened ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) {
        asked.result.createObjectStore(name, { keyPath });
      }
    };
    asked.onsuccess = () => {
      const found = asked.result;
      const over = () => {
        opened = null;
      };
      found.onclose = over; // the browser cleared it; the next request opens it anew
      found.onversionchange = () => {
        found.close(); // or a newer page, in another tab, would wait for this one for ever
        over();
      };
      done(found);
    };
    asked.onerror = () => failed(asked.error);
  });
  return opened;
}

/** Run one request in a transaction; resolves once it is durable. */
async function request(name, mode, make) {
  const transaction = (await database()).transaction(name, mode, { durability: "strict" });
  const asked = make(transaction.objectStore(name));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(asked.result);
    transaction.onabort = () => failed(transaction.error);
  });
}

/** One of the stores: keys, open, outbox, receipts. */
export function store(name) {
  return {
    get: (key) => request(name, "readonly", (one) => one.get(key)),
    all: () => request(name, "readonly", (one) => one.getAll()),
    put: (value) => request(name, "readwrite", (one) => one.put(value)),
    drop: (key) => request(name, "readwrite", (one) => one.delete(key)),
  };
}
