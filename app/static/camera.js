/** The camera of this device: open it, or say in one word why not; its light, and the others. */

const WANTED = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
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
    await this.#track?.applyConstraints({ advanced: [{ torch: on }] });
  }

  /** All cameras of this device. */
  static async all() {
    const found = await navigator.mediaDevices.enumerateDevices();
    return found.filter((one) => one.kind === "videoinput" && one.deviceId);
  }
}
