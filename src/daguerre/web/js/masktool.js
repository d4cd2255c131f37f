/** Brush and eraser on the damage mask. */

import { el, icon } from "./dom.js";
import { t } from "./language.js";
import { Mask, trace } from "./mask.js";

const SMALLEST = 2;
const LARGEST = 200;

/** A tool of the stage; its bar is put where the stage's own tools are. */
export class MaskTool {
  #stage;
  #mask;
  #erases = false;
  #size = 24;
  #at = null;
  #stroke = null;

  constructor(stage) {
    this.#stage = stage;
    const tint = getComputedStyle(document.documentElement).getPropertyValue("--mask").trim();
    this.#mask = new Mask(stage.canvas, tint, () => this.#describe());
    this.bar = this.#toolbar();
  }

  /** Read the mask of the shown version, once. */
  async load() {
    const { version } = this.#stage;
    const identity = version.job;
    if (this.loaded === identity) return;
    this.loaded = identity;
    const { maskUrl, width, height } = version.result;
    try {
      await this.#mask.load(maskUrl, width, height);
    } catch {
      await this.#mask.load(null, width, height);
    }
  }

  forget() {
    this.loaded = null;
    this.#stage.canvas.width = this.#stage.canvas.height = 1;
  }

  async enter() {
    await this.#stage.showDamage(true);
    this.#describe();
    this.bar.querySelector("[aria-pressed=true]").focus();
  }

  leave() {
    this.end(true);
    this.#stage.cursor.hidden = true;
    this.#at = null;
  }

  start(point, event) {
    this.#stroke = { points: [point], erases: this.#erases || event.shiftKey };
    this.#sketch();
    this.#point(point);
  }

  move(point) {
    this.#stroke?.points.push(point);
    this.#sketch();
    this.#point(point);
  }

  /** A stroke is sketched over the photo while it is drawn, and put into the mask at its end. */
  end(cancelled) {
    const { transform, sketch } = this.#stage;
    const stroke = this.#stroke;
    this.#stroke = null;
    sketch.hidden = true;
    if (!stroke || cancelled) return;
    this.#mask.stroke(stroke.points.map(({ x, y }) => transform.at(x, y)), this.#size / transform.scale, stroke.erases);
  }

  #sketch() {
    if (!this.#stroke) return;
    const { sketch, transform } = this.#stage;
    const { width, height } = transform.window;
    if (sketch.hidden || sketch.width !== width || sketch.height !== height) Object.assign(sketch, { width, height, hidden: false });
    const context = sketch.getContext("2d");
    context.clearRect(0, 0, width, height);
    trace(context, this.#stroke.points, this.#size, this.#stroke.erases ? "#fff" : this.#mask.tint);
  }

  hover(point) {
    this.#point(point);
  }

  /** The wheel alone changes the size; with Ctrl it zooms. */
  wheel(event, point) {
    if (event.ctrlKey) return false;
    this.#resize(this.#size * Math.exp(-event.deltaY * 0.0015));
    this.#point(point);
    return true;
  }

  /** Whether the key meant something. */
  key(event) {
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (control && key === "z") event.shiftKey ? this.#mask.redo() : this.#mask.undo();
    else if (control && key === "y") this.#mask.redo();
    else if (control || event.altKey) return false;
    else if (key === "b") this.#choose(false);
    else if (key === "e") this.#choose(true);
    else if (key === "[") this.#resize(this.#size / 1.2);
    else if (key === "]") this.#resize(this.#size * 1.2);
    else if (key === "escape") this.#stage.use(null);
    else if (key.startsWith("arrow")) this.#walk(key, event.shiftKey);
    else if (key === " " || key === "enter") this.#dab();
    else return false;
    return true;
  }

  /** Move the brush by key; it paints its way when Shift is held. */
  #walk(key, paints) {
    const by = Math.max(2, this.#size / 2);
    const { width, height } = this.#stage.transform.window;
    const from = this.#at ?? { x: width / 2, y: height / 2 };
    const to = {
      x: Math.min(width, Math.max(0, from.x + (key === "arrowright" ? by : key === "arrowleft" ? -by : 0))),
      y: Math.min(height, Math.max(0, from.y + (key === "arrowdown" ? by : key === "arrowup" ? -by : 0))),
    };
    if (paints) {
      this.start(from, {});
      this.move(to);
      this.end(false);
    }
    this.#point(to);
  }

  #dab() {
    const { width, height } = this.#stage.transform.window;
    const at = this.#at ?? { x: width / 2, y: height / 2 };
    this.start(at, {});
    this.end(false);
  }

  #point(point) {
    const { cursor } = this.#stage;
    cursor.hidden = point === null;
    if (point === null) return;
    this.#at = point;
    Object.assign(cursor.style, {
      left: `${point.x}px`, top: `${point.y}px`, width: `${this.#size}px`, height: `${this.#size}px`,
    });
  }

  #choose(erases) {
    this.#erases = erases;
    this.#describe();
  }

  #resize(size) {
    this.#size = Math.min(LARGEST, Math.max(SMALLEST, size));
    this.#describe();
    if (this.#at) this.#point(this.#at);
  }

  #describe() {
    const { brush, eraser, undo, redo, size } = this.controls;
    brush.setAttribute("aria-pressed", String(!this.#erases));
    eraser.setAttribute("aria-pressed", String(this.#erases));
    undo.disabled = !this.#mask.canUndo;
    redo.disabled = !this.#mask.canRedo;
    size.value = Math.round(this.#size);
  }

  async #repair(button) {
    button.disabled = true;
    try {
      const png = await this.#mask.png();
      this.#stage.use(null);
      this.#stage.dispatchEvent(new CustomEvent("mask", { detail: png }));
    } finally {
      button.disabled = false;
    }
  }

  #toolbar() {
    const tool = (name, symbol, act, more = {}) =>
      el("button", { type: "button", class: "tool", title: name, "aria-label": name, onclick: act, ...more }, icon(symbol));
    this.controls = {
      brush: tool(t("Brush"), "brush", () => this.#choose(false), { "aria-pressed": "true", "aria-keyshortcuts": "b" }),
      eraser: tool(t("Eraser"), "eraser", () => this.#choose(true), { "aria-pressed": "false", "aria-keyshortcuts": "e" }),
      size: el("input", {
        type: "range", min: SMALLEST, max: LARGEST, value: this.#size, "aria-label": t("Brush size"), title: t("Brush size: [ and ], or the wheel"),
        oninput: (event) => this.#resize(Number(event.target.value)),
      }),
      undo: tool(t("Undo"), "undo", () => this.#mask.undo(), { "aria-keyshortcuts": "Control+z" }),
      redo: tool(t("Redo"), "redo", () => this.#mask.redo(), { "aria-keyshortcuts": "Control+Shift+z" }),
    };
    const repair = el("button", { type: "button", class: "primary", onclick: () => this.#repair(repair) }, t("Repair again with this mask"));
    const done = el("button", { type: "button", class: "quiet", onclick: () => this.#stage.use(null) }, t("Done"));
    const bar = el("div", { class: "tools", role: "toolbar", "aria-label": t("Mask"), hidden: true },
      ...Object.values(this.controls), el("span", { class: "space" }), done, repair);
    bar.addEventListener("keydown", (event) => {
      if (event.target.type !== "range" && !["Enter", " "].includes(event.key) && this.key(event)) event.preventDefault();
    });
    return bar;
  }
}
