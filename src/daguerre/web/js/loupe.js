/** A round lens over the photo: the place under the pointer at its own pixels, before on the left, after on the right. */

import { el } from "./dom.js";
import { showTurned } from "./turning.js";

/** Pixels of the screen for a pixel of the photo. */
const RATIOS = [1, 2, 4];
const WORTH_IT = 1.4;
const MOST = 320;
const STEP = 24;
const FINGER = 36;

export class Loupe {
  element;
  on = false;

  #stage;
  #halves;
  #ratio = null;
  #at = null;
  #touched = false;
  #sources = "";

  constructor(stage) {
    this.#stage = stage;
    this.#halves = ["before", "after"].map((side) => {
      const image = el("img", { alt: "", draggable: false });
      const sheet = el("div", { class: "sheet" }, image);
      return { side, image, sheet, half: el("div", { class: `half ${side}` }, sheet) };
    });
    this.element = el("div", { class: "loupe", "data-testid": "loupe", "aria-hidden": "true", hidden: true }, this.#halves.map(({ half }) => half));
  }

  /** How many pixels of the screen one of the photo takes: the first that shows more than the stage does, until it is chosen. */
  get ratio() {
    const shown = this.#stage.transform.scale * devicePixelRatio;
    return this.#ratio ?? RATIOS.find((ratio) => ratio >= shown * WORTH_IT) ?? RATIOS.at(-1);
  }

  /** Show it, or put it away. */
  toggle(on = !this.on) {
    this.on = on && this.#stage.complete;
    const { window } = this.#stage.transform;
    this.#at ??= { x: window.width / 2, y: window.height / 2 };
    this.draw();
    this.#stage.dispatchEvent(new Event("tool"));
  }

  /** The next ratio, larger or smaller; after the last comes the first where it goes `round`. */
  enlarge(by, round = false) {
    const to = RATIOS.indexOf(this.ratio) + by;
    this.#ratio = round ? RATIOS[(to + RATIOS.length) % RATIOS.length] : RATIOS[Math.min(RATIOS.length - 1, Math.max(0, to))];
    this.draw();
    this.#stage.dispatchEvent(new Event("tool"));
  }

  /** Look at `point` of the window; a finger hides what is under it, so that the lens keeps beside it. */
  look(point, touched = false) {
    if (point === null) return;
    this.#at = point;
    this.#touched = touched;
    if (this.on) this.draw();
  }

  /** Whether the key meant something. */
  key({ key, shiftKey }) {
    if (!this.on) return false;
    const by = shiftKey ? 2 : STEP;
    const [x, y] = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[key] ?? [0, 0];
    if (x || y) {
      const { width, height } = this.#stage.transform.window;
      this.look({ x: Math.min(width, Math.max(0, this.#at.x + x)), y: Math.min(height, Math.max(0, this.#at.y + y)) });
    } else if (key === "Escape") this.toggle(false);
    else if (key === "[") this.enlarge(-1);
    else if (key === "]") this.enlarge(1);
    else return false;
    return true;
  }

  draw() {
    const { transform, complete, tool } = this.#stage;
    this.element.hidden = !this.on || !complete || tool !== null;
    if (this.element.hidden) return;
    this.#load();
    const { window } = transform;
    const radius = Math.round(Math.min(MOST, 0.62 * window.width, 0.8 * window.height) / 2);
    this.element.style.width = `${2 * radius}px`;
    const { x, y } = this.#place(radius);
    this.element.style.transform = `translate(${x - radius}px, ${y - radius}px)`;
    const scale = this.ratio / devicePixelRatio;
    this.element.classList.toggle("pixels", this.ratio > 2);
    const { width, height } = transform.picture;
    const seen = transform.at(this.#at.x, this.#at.y);
    const [at, down] = [Math.min(width, Math.max(0, seen.x)), Math.min(height, Math.max(0, seen.y))];
    for (const { sheet, half } of this.#halves) {
      sheet.style.width = `${width}px`;
      sheet.style.height = `${height}px`;
      sheet.style.transform = `translate(${half.clientWidth / 2 - at * scale}px, ${radius - down * scale}px) scale(${scale})`;
    }
  }

  /** The middle of the lens: at the pointer, inside of the window, and not under a finger. */
  #place(radius) {
    const { width, height } = this.#stage.transform.window;
    const inside = (at, length) => Math.min(Math.max(at, radius), Math.max(radius, length - radius));
    let { x, y } = this.#at;
    if (this.#touched) {
      const above = y - radius - FINGER;
      if (above >= radius) y = above;
      else x += (x > width / 2 ? -1 : 1) * (radius + FINGER);
    }
    return { x: inside(x, width), y: inside(y, height) };
  }

  /** The whole pictures; until they are here, the small ones. */
  #load() {
    const { before, after } = this.#stage.wholes;
    const sources = `${before} ${after}`;
    const shown = { before: this.#stage.beforeImage, after: this.#stage.afterImage };
    for (const { side, image } of this.#halves) showTurned(image, Number(shown[side].dataset.turn ?? 0));
    if (sources === this.#sources) return;
    this.#sources = sources;
    for (const { side, image } of this.#halves) {
      image.src = shown[side].src;
      const whole = new Image();
      whole.src = { before, after }[side];
      whole.decode().then(
        () => {
          if (this.#sources === sources) image.src = whole.src;
        },
        () => {}, // The small picture stays.
      );
    }
  }
}
