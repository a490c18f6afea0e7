/** What the parties, sites and products of a statement are called, beside their numbers. */

import { asked } from "../server.js";

const MOST = 50; // as many as the server answers at once
const PATIENCE = 2000; // ms: the numbers say it all, and are signed without names
const known = new Map();

/** The GLNs and GTINs that a value of a statement holds, each once. */
export function numbersOf(value) {
  const found = new Set();
  const look = (one) => {
    if (typeof one === "string" && /^[0-9]{13,14}$/.test(one)) found.add(one);
    else if (typeof one === "object" && one !== null) [...Object.keys(one), ...Object.values(one)].forEach(look);
  };
  look(value);
  return [...found];
}

/** Names by number, of those that are on record; none where the server does not tell. */
export async function namesOf(numbers) {
  const wanted = numbers.filter((one) => !known.has(one)).slice(0, MOST);
  try {
    if (wanted.length) {
      const query = new URLSearchParams(wanted.map((one) => ["of", one]));
      const told = await asked(`/api/names?${query}`, { signal: AbortSignal.timeout(PATIENCE) });
      for (const [number, name] of Object.entries(told)) known.set(number, name);
    }
  } catch {
    // Without a line a person signs by the numbers, as the bytes have them.
  }
  return Object.fromEntries(known);
}
