/** The words of scripts in the page's language; English stands in the code. */

const lang = document.documentElement.lang;
const words = lang === "en" ? {} : (await import(`/words/${lang}.js`)).default;

/** A text in the page's language, with `%(name)s` filled in. */
export function _(text, values = {}) {
  return filled(words[text] || text, values);
}

/** A text in the form that a number asks for; `%(n)s` is that number. */
export function _n(one, many, n, values = {}) {
  const forms = words[one]; // Chinese has one form for all numbers
  const text = Array.isArray(forms) ? forms[forms.length > 1 && n !== 1 ? 1 : 0] : "";
  return filled(text || (n === 1 ? one : many), { n: n.toLocaleString(lang), ...values });
}

function filled(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
}
