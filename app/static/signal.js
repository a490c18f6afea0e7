/** Sound and vibration for a verdict; what was chosen is remembered on this device. */

const TONES = {
  ok: [[1320, 0.09]],
  hold: [
    [440, 0.16],
    [440, 0.16],
  ],
  stop: [
    [220, 0.28],
    [180, 0.4],
  ],
  unknown: [[660, 0.12]],
}; // [Hz, s]
const BUZZES = { ok: [40], hold: [120, 80, 120], stop: [300, 100, 300], unknown: [80] }; // ms
const GAP = 0.06; // s between two tones

/** A choice that this device remembers. */
export class Remembered {
  #name;

  constructor(name) {
    this.#name = `packtrace ${name}`;
  }

  /** "" where nothing is remembered, or nothing may be. */
  get value() {
    try {
      return localStorage.getItem(this.#name) ?? "";
    } catch {
      return "";
    }
  }

  set value(value) {
    try {
      localStorage.setItem(this.#name, value);
    } catch {
      // Storage is switched off: the choice holds for this page alone.
    }
  }
}

/** Two boxes to tick, and the signals that they allow. */
export class Signals {
  #sound;
  #vibration;
  #audio = null;

  constructor(sound, vibration) {
    this.#sound = sound;
    this.#vibration = vibration;
    remember(sound, new Remembered("sound"));
    remember(vibration, new Remembered("vibration"));
    vibration.closest("label").hidden = !navigator.vibrate;
    sound.addEventListener("change", () => sound.checked && this.give("ok"));
  }

  /** Give the signal of a verdict's style: ok, hold, stop or unknown. */
  give(style) {
    // A browser that nobody has touched yet complains instead of vibrating.
    if (this.#vibration.checked && navigator.userActivation?.hasBeenActive) {
      navigator.vibrate?.(BUZZES[style]);
    }
    if (this.#sound.checked) this.#play(TONES[style]);
  }

  #play(tones) {
    this.#audio ??= new AudioContext();
    this.#audio.resume();
    let at = this.#audio.currentTime;
    for (const [pitch, length] of tones) {
      const tone = new OscillatorNode(this.#audio, { frequency: pitch });
      const volume = new GainNode(this.#audio, { gain: 0.2 });
      tone.connect(volume).connect(this.#audio.destination);
      tone.start(at);
      tone.stop(at + length);
      at += length + GAP;
    }
  }
}

function remember(box, choice) {
  box.checked = choice.value === "on";
  box.addEventListener("change", () => {
    choice.value = box.checked ? "on" : "off";
  });
}
