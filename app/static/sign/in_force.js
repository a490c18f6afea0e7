/** Whether the log takes a key's signatures, as the server tells it. */

import { asked } from "../server.js";

/** Whether the log knows a key, and has not seen it revoked. Throws where the server does not answer. */
export async function inForce(keyid) {
  try {
    return !(await asked(`/api/keys/${keyid}`)).revoked;
  } catch (error) {
    if (error.status === 404) return false;
    throw error;
  }
}
