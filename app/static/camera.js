/** The camera of this device: open it, or say in one word why not; its light, and the others. */

const WANTED = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const FINEST = { width: 4096, height: 2160 }; // where a browser does not say what a camera can
const LIT = { advanced: [{ torch: true }] };
const FAULTS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "absent",
  DevicesNotFoundError: "absent",
  NotReadableError: "busy",
  AbortError: "busy",
  OverconstrainedError: "unfit",
};

/** Why a camera cannot be had here at all, "" if it may. */
export function unable() {
  if (navigator.mediaDevices?.getUserMedia) return "";
  return window.isSecureContext ? "unsupported" : "insecure";
}

/** The word for what getUserMedia was rejected with. */
export function faultOf(error) {
  return FAULTS[error.name] ?? "other";
}

/** One camera, shown in a video element. */
export class Camera {
  #video;
  #track = null;
  #lit = false;
  #lost;

  /** `lost()` is called when a running camera goes away by itself. */
  constructor(video, lost) {
    this.#video = video;
    this.#lost = lost;
  }

  /** Whether a camera runs. */
  get runs() {
    return this.#track !== null;
  }

  /** The device that runs, "" for none. */
  get device() {
    return this.#track?.getSettings().deviceId ?? "";
  }

  /** Start a camera, by preference the one given. Rejects with the browser's own error. */
  async open(device) {
    const stream = await this.#ask(device);
    this.close();
    const [track] = stream.getVideoTracks();
    this.#track = track;
    this.#lit = false;
    track.addEventListener("ended", () => {
      if (this.#track !== track) return;
      this.close();
      this.#lost();
    });
    this.#video.srcObject = stream;
  }

  async #ask(device) {
    const ask = (video) => navigator.mediaDevices.getUserMedia({ audio: false, video });
    if (!device) return ask({ ...WANTED, facingMode: { ideal: "environment" } });
    try {
      return await ask({ ...WANTED, deviceId: { exact: device } });
    } catch (error) {
      if (error.name !== "OverconstrainedError" && error.name !== "NotFoundError") throw error;
      return this.#ask(""); // the remembered one is not plugged in
    }
  }

  /** What its maker calls it, "" where no camera runs. */
  get name() {
    return this.#track?.label ?? "";
  }

  /** Show what it sees in another video element too. */
  show(video) {
    video.srcObject = this.#video.srcObject;
  }

  /** Have all that its sensor gives, unscaled; a camera that cannot change goes on as it is. */
  async finest() {
    const { width, height } = this.#track?.getCapabilities?.() ?? {};
    await this.#be({
      width: { ideal: width?.max ?? FINEST.width },
      height: { ideal: height?.max ?? FINEST.height },
      resizeMode: { ideal: "none" },
    });
  }

  /** Have what is enough to read codes, again. */
  async usual() {
    await this.#be(WANTED);
  }

  async #be(wanted) {
    try {
      await this.#track?.applyConstraints({ ...wanted, ...(this.#lit ? LIT : {}) });
    } catch {
      // what it cannot give, it does not
    }
  }

  /** Switch the camera off. */
  close() {
    this.#track?.stop();
    this.#track = null;
    this.#video.srcObject = null;
  }

  /** Whether it has a light that can be switched. */
  get hasLight() {
    return Boolean(this.#track?.getCapabilities?.().torch);
  }

  /** Switch its light. */
  async light(on) {
    this.#lit = on;
    await this.#track?.applyConstraints({ advanced: [{ torch: on }] });
  }

  /** All cameras of this device. */
  static async all() {
    const found = await navigator.mediaDevices.enumerateDevices();
    return found.filter((one) => one.kind === "videoinput" && one.deviceId);
  }
}
