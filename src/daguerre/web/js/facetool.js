/** Boxes that somebody draws around faces which were not found. */

import { el } from "./dom.js";
import { t } from "./language.js";

/** Pixels of the photo below which nothing can be made of a face. */
const LEAST = 14;

/** A tool of the stage, as the brush is. */
export class FaceTool {
  #stage;
  #from = null;
  #box = null;

  constructor(stage) {
    this.#stage = stage;
    this.frame = el("div", { class: "frame-box", "aria-hidden": "true", hidden: true });
    this.bar = this.#toolbar();
  }

  enter() {
    const { viewport, marks } = this.#stage;
    viewport.append(this.frame);
    viewport.classList.add("framing");
    marks.classList.add("faces");
    this.describe();
    viewport.focus({ preventScroll: true });
  }

  leave() {
    this.#show(null);
    this.#stage.viewport.classList.remove("framing");
  }

  start(point) {
    this.#from = point;
  }

  move(point) {
    if (this.#from) this.#show({ x: this.#from.x, y: this.#from.y, width: point.x - this.#from.x, height: point.y - this.#from.y });
  }

  end(cancelled) {
    if (!cancelled && this.#from) this.#add();
    this.#from = null;
    this.#show(null);
  }

  hover() {}

  wheel() {
    return false;
  }

  /** Arrows move a box, with Shift they change its size; Enter puts it there. */
  key({ key, shiftKey, ctrlKey, altKey, metaKey }) {
    if (ctrlKey || altKey || metaKey) return false;
    const { width, height } = this.#stage.transform.window;
    const side = Math.min(width, height) / 4;
    const box = this.#box ?? { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
    const [x, y] = { ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8], ArrowDown: [0, 8] }[key] ?? [0, 0];
    if (key === "Escape") this.#stage.use(null);
    else if ((key === "Enter" || key === " ") && this.#box) {
      this.#add();
      this.#show(null);
    } else if (key === "Enter" || key === " ") this.#show(box);
    else if (!x && !y) return false;
    else if (shiftKey) this.#show({ ...box, width: Math.max(8, box.width + x), height: Math.max(8, box.height + y) });
    else this.#show({ ...box, x: Math.min(width, Math.max(0, box.x + x)), y: Math.min(height, Math.max(0, box.y + y)) });
    return true;
  }

  describe() {
    this.apply.disabled = !this.#stage.faces.changed;
  }

  #show(box) {
    this.#box = box;
    this.frame.hidden = box === null;
    if (box === null) return;
    Object.assign(this.frame.style, {
      left: `${Math.min(box.x, box.x + box.width)}px`, top: `${Math.min(box.y, box.y + box.height)}px`,
      width: `${Math.abs(box.width)}px`, height: `${Math.abs(box.height)}px`,
    });
  }

  /** The box in whole pixels of the photo, as far as it lies in it. */
  #add() {
    if (!this.#box) return;
    const { transform, faces } = this.#stage;
    const one = transform.at(this.#box.x, this.#box.y);
    const other = transform.at(this.#box.x + this.#box.width, this.#box.y + this.#box.height);
    const inside = (at, length) => Math.round(Math.min(length, Math.max(0, at)));
    const { width, height } = transform.picture;
    const [left, right] = [one.x, other.x].map((at) => inside(at, width)).sort((a, b) => a - b);
    const [top, bottom] = [one.y, other.y].map((at) => inside(at, height)).sort((a, b) => a - b);
    if (Math.min(right - left, bottom - top) >= LEAST) faces.add([left, top, right - left, bottom - top]);
  }

  #toolbar() {
    this.apply = el("button", { type: "button", class: "primary", "data-testid": "faces-apply", onclick: () => this.#ask() }, t("Restore again with these faces"));
    const done = el("button", { type: "button", class: "quiet", onclick: () => this.#stage.use(null) }, t("Done"));
    const bar = el("div", { class: "tools", role: "toolbar", "aria-label": t("Add a face"), hidden: true },
      el("span", { class: "note" }, t("Drag a box around a face that wasn't found, or press Enter and move it with the arrow keys.")),
      el("span", { class: "space" }), done, this.apply);
    bar.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#stage.use(null);
    });
    return bar;
  }

  #ask() {
    this.#stage.use(null);
    this.#stage.dispatchEvent(new Event("faces-again"));
  }
}
