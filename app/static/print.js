/** A page with a button `print`. */

document.getElementById("print").addEventListener("click", () => print());
