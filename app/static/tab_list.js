/** Lists that a reload of this tab does not lose (sessionStorage). */

/** What a list of this tab holds, empty where there is none. */
export function listed(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "[]");
  } catch {
    return []; // storage is switched off: lists live in the page alone
  }
}

/** Keep a list under its name. */
export function keepList(name, list) {
  try {
    sessionStorage.setItem(name, JSON.stringify(list));
  } catch {
    // as above
  }
}
