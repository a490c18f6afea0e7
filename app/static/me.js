/** Who is signed in on this page, as the server knows it; null for a stranger. */

const told = document.getElementById("me");

export const me = told ? JSON.parse(told.textContent) : null;
