/** A key's fingerprint as two people compare it over two screens: blocks of colour, and digits. */

import { element } from "../verdict.js";

const BLOCKS = 12;
const GROUP = 4;
const DIGITS = 24;

/** The fingerprint of a key id (hex): twelve blocks of eight colours, and 24 digits. */
export function shown(keyid) {
  const all = element("span", "", "fingerprint");
  const blocks = element("span", "", "blocks");
  blocks.setAttribute("aria-hidden", "true"); // the digits say as much
  for (const digit of keyid.slice(0, BLOCKS)) {
    blocks.append(element("span", "", `block colour-${parseInt(digit, 16) % 8}`));
  }
  all.append(blocks, element("span", digits(keyid), "code"));
  return all;
}

/** The digits of a fingerprint alone, in groups of four. */
export function digits(keyid) {
  return keyid.slice(0, DIGITS).match(new RegExp(`.{${GROUP}}`, "g")).join(" ");
}
