/** The boxes of the faces that were found; pressing one leaves its face out, or takes it in again. */

import { el } from "./dom.js";
import { t } from "./language.js";

const NOT_CHOSEN = "not chosen";

export class Faces {
  #marks;
  #boxes = [];

  constructor(marks) {
    this.#marks = marks;
  }

  /** Draw the boxes of a result, in the pixels of the photo that came. */
  show({ faces, width, height, upscale }) {
    this.#boxes = (faces ?? []).map((face, index) => {
      const [x, y, w, h] = face.box;
      const button = el("button", {
        type: "button", class: "face", "data-testid": "face", "aria-label": t("Face {n}, {what}", { n: index + 1, what: became(face) }),
        "aria-pressed": String(face.reason !== NOT_CHOSEN), title: t("Click to leave this face as it is next time, or to include it again"),
        onclick: () => button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true")),
      }, el("span", { "aria-hidden": "true" }, String(index + 1)));
      Object.assign(button.style, {
        left: `${(100 * upscale * x) / width}%`, top: `${(100 * upscale * y) / height}%`,
        width: `${(100 * upscale * w) / width}%`, height: `${(100 * upscale * h) / height}%`,
      });
      return { button, face };
    });
    for (const old of this.#marks.querySelectorAll(".face")) old.remove();
    this.#marks.append(...this.#boxes.map(({ button }) => button));
  }

  /** The boxes of the faces that are to be enhanced, or undefined where that is all of them. */
  get wanted() {
    const pressed = this.#boxes.filter(({ button }) => button.getAttribute("aria-pressed") === "true");
    return pressed.length === this.#boxes.length ? undefined : pressed.map(({ face }) => face.box);
  }
}

/** What became of a face, in a few words. */
export function became({ enhanced, reason, identitySimilarity }) {
  const what = `${enhanced ? t("made clearer") : t("unchanged")}${reason ? ` (${t(reason)})` : ""}`;
  const alike = enhanced && Number.isFinite(identitySimilarity);
  return alike ? `${what}, ${t("{n} % alike", { n: Math.round(100 * identitySimilarity) })}` : what;
}
