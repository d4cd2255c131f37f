/** Colors that the user knows: a click on the photo, and a color for it. */

import { el } from "./dom.js";
import { t } from "./language.js";

const PALETTE = [
  [t("Skin"), "#d9a98b"], [t("Sky"), "#7fa6cf"], [t("Grass"), "#6b8f4e"], [t("Wood"), "#8a6242"], [t("Red"), "#a83b3b"],
  [t("Navy"), "#2f3f63"], [t("Cream"), "#e6d9bf"], [t("Gray"), "#8d8d8d"],
];

/** A tool of the stage, as the brush is. */
export class HintTool {
  #stage;
  #hints = [];
  #color = PALETTE[0][1];
  #at = null;
  #chosen = null;

  constructor(stage) {
    this.#stage = stage;
    this.bar = this.#toolbar();
  }

  /** The hints as the contract has them. */
  get wire() {
    return this.#hints.map(({ x, y, color }) => ({ x, y, color }));
  }

  forget() {
    for (const hint of this.#hints) hint.button.remove();
    this.#hints = [];
    this.#chosen = null;
  }

  enter() {
    const given = this.#stage.version.settings?.colorHints ?? [];
    if (!this.#hints.length) for (const { x, y, color } of given) this.#add(x, y, color);
    for (const hint of this.#hints) hint.button.hidden = false;
    this.#describe();
    this.#stage.viewport.focus({ preventScroll: true });
  }

  leave() {
    for (const hint of this.#hints) hint.button.hidden = true;
    this.#stage.cursor.hidden = true;
  }

  start(point) {
    const { width, height } = this.#stage.transform.picture;
    const { x, y } = this.#stage.transform.at(point.x, point.y);
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    this.#choose(this.#add(Math.floor(x), Math.floor(y), this.#color));
  }

  move() {}

  end() {}

  hover() {}

  wheel() {
    return false;
  }

  /** Arrows move a cross, Enter puts a color there. */
  key(event) {
    const { width, height } = this.#stage.transform.window;
    const at = this.#at ?? { x: width / 2, y: height / 2 };
    const by = event.shiftKey ? 1 : 12;
    const to = {
      ArrowLeft: { x: at.x - by, y: at.y }, ArrowRight: { x: at.x + by, y: at.y },
      ArrowUp: { x: at.x, y: at.y - by }, ArrowDown: { x: at.x, y: at.y + by },
    }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (to) {
      this.#at = { x: Math.min(width, Math.max(0, to.x)), y: Math.min(height, Math.max(0, to.y)) };
      this.#stage.cursor.hidden = false;
      Object.assign(this.#stage.cursor.style, { left: `${this.#at.x}px`, top: `${this.#at.y}px`, width: "14px", height: "14px" });
    } else if (event.key === "Enter" || event.key === " ") this.start(at);
    else if (event.key === "Delete" || event.key === "Backspace") this.#remove(this.#chosen);
    else if (event.key === "Escape") this.#stage.use(null);
    else return false;
    return true;
  }

  #add(x, y, color) {
    const hint = { x, y, color };
    const { width, height } = this.#stage.transform.picture;
    hint.button = el("button", {
      type: "button", class: "hint", "data-testid": "hint", onclick: () => this.#choose(hint),
      onkeydown: (event) => {
        if (event.key === "Delete" || event.key === "Backspace") this.#remove(hint);
      },
    });
    Object.assign(hint.button.style, { left: `${(100 * (x + 0.5)) / width}%`, top: `${(100 * (y + 0.5)) / height}%` });
    this.#hints.push(hint);
    this.#stage.marks.append(hint.button);
    return hint;
  }

  #choose(hint) {
    this.#chosen = hint;
    this.#color = hint.color;
    this.#describe();
  }

  #remove(hint) {
    if (!hint) return;
    hint.button.remove();
    this.#hints = this.#hints.filter((each) => each !== hint);
    this.#chosen = null;
    this.#describe();
    this.#stage.viewport.focus({ preventScroll: true });
  }

  #paint(color) {
    this.#color = color;
    if (this.#chosen) this.#chosen.color = color;
    this.#describe();
  }

  #describe() {
    this.#hints.forEach((hint, index) => {
      hint.button.style.backgroundColor = hint.color;
      hint.button.setAttribute("aria-label", t("Color {n}: {color} at {x}, {y}", { n: index + 1, ...hint }));
      hint.button.setAttribute("aria-pressed", String(hint === this.#chosen));
    });
    this.input.value = this.#color;
    this.removal.disabled = !this.#chosen;
    this.apply.disabled = !this.#hints.length;
    this.count.textContent = this.#hints.length ? t("{n} placed", { n: this.#hints.length }) : t("Click the photo where you know the color.");
  }

  #toolbar() {
    this.input = el("input", { type: "color", value: this.#color, "aria-label": t("Color"), oninput: (event) => this.#paint(event.target.value) });
    const swatches = PALETTE.map(([name, color]) => {
      const swatch = el("button", { type: "button", class: "swatch", title: name, "aria-label": name, onclick: () => this.#paint(color) });
      swatch.style.backgroundColor = color;
      return swatch;
    });
    this.count = el("span", { class: "note", role: "status" });
    this.removal = el("button", { type: "button", class: "quiet", onclick: () => this.#remove(this.#chosen) }, t("Remove"));
    this.apply = el("button", { type: "button", class: "primary", onclick: () => this.#ask() }, t("Color again with these hints"));
    const done = el("button", { type: "button", class: "quiet", onclick: () => this.#stage.use(null) }, t("Done"));
    return el("div", { class: "tools", role: "toolbar", "aria-label": t("Color hints"), hidden: true },
      this.input, ...swatches, this.count, el("span", { class: "space" }), this.removal, done, this.apply);
  }

  #ask() {
    const detail = this.wire;
    this.#stage.use(null);
    this.#stage.dispatchEvent(new CustomEvent("hints", { detail }));
  }
}
