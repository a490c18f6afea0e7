/** The camera beside a list: reads one code after the other, and says how it goes. */

import { Camera, faultOf, unable } from "./camera.js";
import { Live } from "./live.js";
import { _ } from "./words.js";

const at = (id) => document.getElementById(id);

/** Wire the section `camera` of a page; `found(text)` gets each code's reading once. */
export function cameraBox(found) {
  if (unable()) return;
  at("camera").hidden = false;
  const video = at("video");
  const camera = new Camera(video, () => off("unplugged"));
  const state = (words) => {
    if (at("camera-state").textContent !== words) at("camera-state").textContent = words;
  };
  const live = new Live({
    camera,
    video,
    screen: { clear: Promise.resolve(), halted: false }, // a list goes on whatever is found
    purpose: () => "check",
    found: (told) => told.reading && found(told.reading),
    state,
  });

  function show(runs, fault = "") {
    at("stage").hidden = !runs;
    at("power").textContent = runs ? _("Stop the camera") : _("Start the camera");
    for (const one of document.querySelectorAll("[data-fault]")) one.hidden = one.dataset.fault !== fault;
  }

  function off(fault = "") {
    live.stop();
    camera.close();
    show(false, fault);
    state(_("The camera is off."));
  }

  at("power").addEventListener("click", async () => {
    if (camera.runs) return off();
    state(_("The browser may ask whether this page may use the camera."));
    try {
      await camera.open("");
    } catch (error) {
      return off(faultOf(error));
    }
    show(true);
    return live.start();
  });
  document.addEventListener("visibilitychange", () => document.hidden && camera.runs && off());
}
