/** The box of /bags: what a scanner types goes there, wherever the focus is. */

import { Wedge } from "./wedge.js";

const text = document.getElementById("text");

new Wedge((scan) => {
  text.value = scan;
  text.form.requestSubmit();
}).listen(text);
