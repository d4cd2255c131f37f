/** The boxes of the faces that were found or drawn; pressing one leaves its face out, or takes it in again. */

import { el } from "./dom.js";
import { t } from "./language.js";

const NOT_CHOSEN = "not chosen";

export class Faces {
  #marks;
  #changed;
  #result = null;
  #chosen = false;
  #boxes = [];

  /** `changed` is called when a face is left out, taken in, drawn or removed. */
  constructor(marks, changed) {
    this.#marks = marks;
    this.#changed = changed;
  }

  /** Draw the boxes of a result that was made with `settings`, in the pixels of the photo that came. */
  show(result, settings) {
    if (this.#result === result) return;
    this.clear();
    this.#result = result;
    this.#chosen = Boolean(settings?.faces);
    for (const face of result.faces ?? []) this.#put(face);
  }

  clear() {
    for (const { button } of this.#boxes) button.remove();
    this.#boxes = [];
    this.#result = null;
  }

  /** A box `[x, y, w, h]` that somebody drew. */
  add(box) {
    const { button } = this.#put({ box }, true);
    this.#changed();
    return button;
  }

  /** Whether other faces are wanted than the result was made with. */
  get changed() {
    return this.#boxes.some(({ button, drawn, was }) => drawn || pressed(button) !== was);
  }

  /** What to ask for: the boxes of the faces that are to be enhanced, or no choice where that is all that were found. */
  get wanted() {
    const wanted = this.#boxes.filter(({ button }) => pressed(button));
    const drawn = this.#boxes.some((each) => each.drawn);
    if (!this.#chosen && !drawn && wanted.length === this.#boxes.length) return { faces: undefined };
    return { faces: wanted.map(({ face }) => face.box), ...(drawn ? { faceEnhancement: true } : {}) };
  }

  #put(face, drawn = false) {
    const { width, height, upscale } = this.#result;
    const [x, y, w, h] = face.box;
    const n = this.#boxes.length + 1;
    const was = face.reason !== NOT_CHOSEN;
    const button = el("button", {
      type: "button", class: drawn ? "face drawn" : "face", "data-testid": "face", "aria-pressed": String(was),
      "aria-label": drawn ? t("Face {n}, drawn by hand", { n }) : t("Face {n}, {what}", { n, what: became(face) }),
      title: drawn ? t("Click to remove this box") : t("Click to leave this face as it is next time, or to include it again"),
      onclick: () => (drawn ? this.#remove(each) : this.#toggle(button)),
    }, el("span", { "aria-hidden": "true" }, String(n)));
    Object.assign(button.style, {
      left: `${(100 * upscale * x) / width}%`, top: `${(100 * upscale * y) / height}%`,
      width: `${(100 * upscale * w) / width}%`, height: `${(100 * upscale * h) / height}%`,
    });
    const each = { button, face, drawn, was };
    this.#boxes.push(each);
    this.#marks.append(button);
    return each;
  }

  #toggle(button) {
    button.setAttribute("aria-pressed", String(!pressed(button)));
    this.#changed();
  }

  #remove(each) {
    this.#boxes = this.#boxes.filter((other) => other !== each);
    const focused = document.activeElement === each.button;
    each.button.remove();
    if (focused) this.#marks.closest("[tabindex]")?.focus({ preventScroll: true });
    this.#changed();
  }
}

const pressed = (button) => button.getAttribute("aria-pressed") === "true";

/** What became of a face, in a few words. */
export function became({ enhanced, reason, identitySimilarity }) {
  const what = `${enhanced ? t("made clearer") : t("unchanged")}${reason ? ` (${t(reason)})` : ""}`;
  const alike = enhanced && Number.isFinite(identitySimilarity);
  return alike ? `${what}, ${t("{n} % alike", { n: Math.round(100 * identitySimilarity) })}` : what;
}
