/** Keys of a scanner that types (a keyboard wedge), told from a person's and kept from the page.
 *
 * A scanner's keys follow each other within FAST ms; nobody types LEAST of them so. The keys' own
 * times decide (event.timeStamp), no timer: a page that is slow for a moment changes nothing.
 * The first keys cannot be told yet: in a field they are typed, and taken back once the burst is
 * known; elsewhere a letter does nothing, and a Space presses a button only if nothing follows it.
 * From then on no key reaches anything. Ctrl+] is the group separator U+001D, Enter or Tab ends the
 * scan.
 * A key that does something on the page (F9) is a person's alone: none that comes within a burst or
 * behind it counts, and one that was let go as fast as a scanner does counts only if nothing follows.
 */

const FAST = 50;
const LEAST = 4;
const HELD = 30; // ms that a scanner holds a key at most
const WAIT = 300; // ms before a key that was held for less is a person's after all
const FALTER = 1000; // ms that a burst may falter once it is known for one
const SHORTEST = 8; // characters of a scan that nothing ended: no code of a pack is shorter
const GROUP = "\u001d";
const SUFFIX = new Set(["Enter", "Tab"]);
const SILENT = new Set(["Shift", "Control", "Alt", "AltGraph", "CapsLock", "NumLock", "Dead"]);
const PRESSED = "button, summary, input:is([type=checkbox], [type=file], [type=radio])";
const TEXT = new Set(["text", "search", "url", "tel", "email", "password", "number"]);

/** Whether letters typed on an element change it. */
function takesLetters(element) {
  if (!element) return false;
  return element.tagName === "TEXTAREA" || element.tagName === "SELECT" || takesText(element);
}

function takesText(element) {
  return element.tagName === "TEXTAREA" || (element.tagName === "INPUT" && TEXT.has(element.type));
}

/** How a field is before a key, to put it back. */
function before(element) {
  if (!takesLetters(element)) return () => {};
  if (element.tagName === "SELECT") {
    const index = element.selectedIndex;
    return () => {
      if (element.selectedIndex === index) return;
      element.selectedIndex = index;
      element.dispatchEvent(new Event("change", { bubbles: true }));
    };
  }
  const { value, selectionStart, selectionEnd } = element;
  return () => {
    if (element.value !== value) {
      element.value = value;
      element.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (selectionStart !== null) element.setSelectionRange(selectionStart, selectionEnd);
  };
}

/** Put text into a field where its caret is, as if it had been typed. */
function type(element, text) {
  if (!takesText(element)) return;
  element.setRangeText(text, element.selectionStart, element.selectionEnd, "end");
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

/** The character that a key stands for, "" for none. `run` is what was typed fast before it. */
function character(event, run) {
  const { key, code, ctrlKey, altKey, metaKey } = event;
  if (metaKey) return "";
  if (ctrlKey && !altKey) {
    if (key === "]" || key === GROUP || (run && code === "BracketRight")) return GROUP;
    // ISO/IEC 15434 wraps its data in RS and EOT, which come as Ctrl+^ and Ctrl+D.
    const other = run && run.text.length >= 2 && /^[@-_a-z]$/.test(key);
    return other ? String.fromCharCode(key.toUpperCase().charCodeAt(0) & 31) : "";
  }
  if (altKey && !ctrlKey && !event.getModifierState("AltGraph")) return "";
  if (key === "F8" && run) return GROUP; // what some scanners send in its place
  return [...key].length === 1 ? key : "";
}

/** Listens to all keys of a page, and gives away each scan's text. */
export class Wedge {
  #take;
  #acts;
  #last = -Infinity; // when a key was last pressed
  #pressed = null; // {key, at} of an act's key that may be a person's
  #run = null; // {text, last, where, undo, known, shown, press}
  #ended = { last: -Infinity, grace: 0 };
  #down = new Set();
  #timer = 0;

  /** `take(text)` gets the exact text of each scan; `acts` are what keys by name do for a person. */
  constructor(take, acts = {}) {
    this.#take = take;
    this.#acts = acts;
  }

  /** Begin, before any other listener of the page.
   *
   * What stands in `field` may be the beginning of a scan that came while the page was loading.
   */
  listen(field = null) {
    window.addEventListener("keydown", (event) => this.#keydown(event), true);
    window.addEventListener("keyup", (event) => this.#keyup(event), true);
    if (!field?.value || document.activeElement !== field) return;
    const { value: text } = field;
    const undo = () => {
      field.value = "";
    };
    const known = text.length >= LEAST;
    this.#run = { text, last: performance.now(), where: field, undo, known, shown: true };
  }

  #keydown(event) {
    if (event.isComposing || event.key === "Process" || event.repeat) return this.#rest();
    const at = event.timeStamp;
    const lone = at - this.#last >= FAST && at - this.#ended.last >= this.#ended.grace;
    this.#last = at;
    this.#pressed = null;
    const run = this.#run;
    const goesOn = run && at - run.last < (run.known ? FALTER : FAST);
    if (SILENT.has(event.key)) {
      if (goesOn) run.last = at;
      return undefined;
    }
    if (run && !goesOn) this.#rest();
    const char = character(event, goesOn ? run : null);
    if (char) return this.#add(event, char);
    const bare = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
    if (bare && SUFFIX.has(event.key)) return this.#suffix(event);
    if (bare && this.#acts[event.key]) return this.#act(event, lone && !goesOn);
    return this.#rest();
  }

  #add(event, char) {
    if (!this.#run) {
      const where = document.activeElement;
      this.#run = { text: "", where, undo: before(where), known: false, shown: true };
    }
    const run = this.#run;
    run.text += char;
    run.last = event.timeStamp;
    if (!run.known && run.text.length >= LEAST) run.known = true;
    if (run.known) {
      if (run.shown) run.undo();
      run.shown = false;
      this.#hold(event);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#silence(), FALTER);
    } else if (char === GROUP) {
      this.#hold(event); // the browser would drop it
      type(run.where, char);
    } else if (!takesLetters(run.where) && run.text.length > 1) {
      this.#hold(event);
    } else if (char === " " && run.where?.matches(PRESSED)) {
      this.#hold(event);
      run.press = () => this.#run === run && run.text === char && run.where.click();
    }
  }

  #suffix(event) {
    const run = this.#run;
    const { last, grace } = this.#ended;
    if (run && (run.known || (run.text.length >= 2 && !takesLetters(run.where)))) {
      this.#hold(event);
      if (run.shown) run.undo();
      this.#end(event.timeStamp, 2 * FAST); // CR and LF come as two keys
      this.#take(run.text);
    } else if (event.timeStamp - last < grace) {
      this.#hold(event);
    } else {
      this.#rest();
    }
  }

  #act(event, lone) {
    this.#hold(event);
    const run = this.#run;
    if (lone) {
      this.#pressed = { key: event.key, at: event.timeStamp };
    } else if (run?.known) {
      this.#end(event.timeStamp, 2 * FAST); // a scanner that ends its scans so
      this.#take(run.text);
    } else {
      this.#rest();
    }
  }

  /** Nothing came for a while: what nothing ended is a scan, or belongs into the field. */
  #silence() {
    const run = this.#run;
    if (!run || run.shown) return;
    if (takesText(run.where)) {
      type(run.where, run.text);
      run.shown = true; // were it to go on after all, it would be taken back
      return;
    }
    this.#end(run.last, 2 * FALTER); // its suffix may still come
    if (run.text.length >= SHORTEST) this.#take(run.text);
  }

  /** Another key: a burst that nothing ended is over. */
  #rest() {
    clearTimeout(this.#timer);
    if (this.#run?.known) this.#silence();
    this.#run = null;
  }

  #end(last, grace) {
    clearTimeout(this.#timer);
    this.#ended = { last, grace };
    this.#run = null;
  }

  #hold(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#down.add(event.code || event.key);
  }

  #keyup(event) {
    // Some browsers press a button when Space is let go.
    if (!this.#down.delete(event.code || event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { key, at } = this.#pressed ?? {};
    if (key === event.key) {
      const mine = this.#pressed;
      const act = () => this.#pressed === mine && this.#acts[key]();
      if (event.timeStamp - at > HELD) act();
      else setTimeout(act, WAIT);
      return;
    }
    // A Space that no burst went on after presses what has the focus: at once when it was held as
    // long as a person holds a key, else when nothing has followed it.
    const { press, last } = this.#run ?? {};
    if (press && event.timeStamp - last > HELD) press();
    else if (press) setTimeout(press, WAIT);
  }
}
