/** The words of scripts in the page's language; English stands in the code. */

const lang = document.documentElement.lang;

/** How dates and numbers are written: as the server writes them. */
export const locale = lang === "en" ? "en-GB" : lang;

const words = lang === "en" ? {} : await told();

async function told() {
  try {
    return (await import(`/words/${lang}.js`)).default;
  } catch {
    return {}; // better in English than not at all
  }
}

/** A text in the page's language, with `%(name)s` filled in. */
export function _(text, values = {}) {
  return filled(words[text] || text, values);
}

/** A text in the form that a number asks for; `%(n)s` is that number. */
export function _n(one, many, n, values = {}) {
  const forms = words[one]; // Chinese has one form for all numbers
  const text = Array.isArray(forms) ? forms[forms.length > 1 && n !== 1 ? 1 : 0] : "";
  return filled(text || (n === 1 ? one : many), { n: n.toLocaleString(locale), ...values });
}

/** A time of the log (ms since the epoch, or as RFC 3339 has it) as the page writes it, in UTC. */
export function moment(time) {
  const form = { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23", timeZone: "UTC" };
  return `${new Date(time).toLocaleString(locale, form)} UTC`;
}

function filled(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
}
