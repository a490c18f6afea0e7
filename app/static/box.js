/** The box of Home and /verify: what a scanner types goes there, wherever the focus is. */

import { Wedge } from "./wedge.js";

const text = document.getElementById("text");
const { form } = text;

new Wedge((scan) => {
  text.value = scan;
  form.elements.image.value = "";
  form.elements.source.value = "wedge";
  form.requestSubmit();
}).listen(text);

// Who comes back to the page types again.
window.addEventListener("pageshow", () => {
  form.elements.source.value = "typed";
});
