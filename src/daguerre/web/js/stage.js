/** The photo that is shown: before and after, as large as wanted, with what is drawn over it. */

import { viewOf } from "./api.js";
import { el, icon, perFrame } from "./dom.js";
import { Faces } from "./faces.js";
import { FaceTool } from "./facetool.js";
import { HintTool } from "./hinttool.js";
import { typing } from "./keysdialog.js";
import { t } from "./language.js";
import { Loupe } from "./loupe.js";
import { MaskTool } from "./masktool.js";
import { Panels } from "./panels.js";
import { ViewTransform } from "./viewtransform.js";
import { followPointers } from "./pointers.js";
import { thumbOf, thumbTurn } from "./thumbs.js";
import { between, cutRight, lies, showTurned, turnOf, wantedTurn } from "./turning.js";

const PREVIEW_PIXELS = 1600;
const STEP = 60;
/** So long a finger rests, and a key is held, for the loupe to be there until it is let go. */
const HELD_MS = 400;
const SLIPS = 8;

/**
 * Fires `cancel`, `start`, `retry`, `recover`, `turn` (detail: 90 or -90 degrees), `mask` (detail: the PNG), `hints`
 * (detail: the hints), `faces` when others are wanted, and `faces-again` to have them.
 */
export class PhotoStage extends HTMLElement {
  transform = new ViewTransform();
  item = null;
  version = null;
  before = "original";
  tool = null;

  #split = 0.5;
  #splitBefore = 0.5;
  #drag = null;
  #original = false;
  #shown = "";
  #resting = 0;
  #loupeSince = 0;
  #place = perFrame(() => this.#layout());

  connectedCallback() {
    this.beforeImage = el("img", { class: "before", "data-testid": "before", alt: "", draggable: false });
    this.afterImage = el("img", { class: "after", "data-testid": "after", alt: "", draggable: false });
    this.canvas = el("canvas", { class: "mask", "data-testid": "mask-canvas", hidden: true, width: 1, height: 1 });
    this.marks = el("div", { class: "marks" });
    this.sheet = el("div", { class: "sheet" }, this.afterImage, this.beforeImage, this.canvas, this.marks);
    this.divider = el("div", {
      class: "divider", "data-testid": "slider", role: "slider", tabIndex: 0, "aria-label": t("Before and after"),
      "aria-valuemin": 0, "aria-valuemax": 100, "aria-orientation": "horizontal",
    }, el("span", { class: "knob", "aria-hidden": "true" }, icon("compare")));
    this.sketch = el("canvas", { class: "sketch", "aria-hidden": "true", hidden: true });
    this.cursor = el("div", { class: "cursor", "aria-hidden": "true", hidden: true });
    this.tags = [el("span", { class: "tag left" }, t("Before")), el("span", { class: "tag right" }, t("After"))];
    this.loupe = new Loupe(this);
    this.viewport = el("div", { class: "viewport", tabIndex: 0, role: "group", "aria-label": t("The photo") },
      this.sheet, this.sketch, this.divider, ...this.tags, this.cursor, this.loupe.element);
    this.panels = new Panels((what) => this.dispatchEvent(new Event(what)));
    this.append(this.viewport, ...this.panels.elements);

    this.maskTool = new MaskTool(this);
    this.hintTool = new HintTool(this);
    this.faces = new Faces(this.marks, () => {
      this.faceTool.describe();
      this.dispatchEvent(new Event("faces"));
    });
    this.faceTool = new FaceTool(this);
    this.#listen();
    new ResizeObserver(() => {
      this.transform.resize(this.viewport.clientWidth, this.viewport.clientHeight);
      this.#layout();
    }).observe(this.viewport);
  }

  /** Show the shown version of `item`. */
  show(item) {
    const version = item.shown;
    const identity = `${version.job} ${version.phase === "complete"} ${this.before}`;
    if (this.version !== version) {
      this.#leave();
      this.before = item === this.item ? this.before : "original";
    }
    this.item = item;
    this.version = version;
    this.dataset.phase = version.phase;
    this.dataset.job = version.job;
    this.panels.show(version);
    if (identity !== this.#shown || (!this.beforeImage.src && thumbOf(item))) {
      this.#shown = identity;
      this.#pictures();
    }
    this.#turn();
    this.#layout();
  }

  /** Compare with "original" or with an earlier version's job. */
  compareWith(before) {
    this.before = before;
    if (this.item) this.show(this.item);
  }

  /** Paint or hint with `tool`, or stop with null. */
  use(tool) {
    if (this.tool === tool) return;
    // What has the focus in a tool's bar goes with the bar.
    if (tool) this.loupe.on = false;
    const orphan = this.tool?.bar.contains(document.activeElement);
    this.tool?.leave();
    this.tool = tool;
    this.viewport.classList.toggle("editing", tool !== null);
    tool?.enter();
    if (!tool && orphan) this.viewport.focus({ preventScroll: true });
    this.#layout();
    this.dispatchEvent(new Event("tool"));
  }

  /** Whether the damage is shown, and the faces. */
  async showDamage(wanted) {
    if (wanted) await this.maskTool.load();
    this.canvas.hidden = !wanted;
    this.dispatchEvent(new Event("tool"));
  }

  /** Show the original alone, or the comparison again. */
  showOriginal(wanted) {
    this.#original = wanted;
    this.#layout();
  }

  /** Fill the screen, or leave it. */
  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.requestFullscreen?.().catch(() => {}); // Not allowed here; the page stays as it is.
  }

  /** Ask for the photo to be turned. */
  turn(degrees) {
    this.dispatchEvent(new CustomEvent("turn", { detail: degrees }));
  }

  zoom(factor, x, y) {
    this.transform.zoom(this.transform.scale * factor, x, y);
    this.#place();
  }

  zoomTo(scale) {
    if (scale === null) this.transform.fit();
    else this.transform.zoom(scale);
    this.#place();
  }

  /** Whether what is shown can be turned, by degrees, before it is restored the next time. */
  get turnable() {
    const { version } = this;
    return Boolean(version) && (this.complete || version.held || (version.phase === "failed" && !this.beforeImage.hidden && !version.refused));
  }

  /** Whether the photo was turned since the shown version was made. */
  get turned() {
    return this.item !== null && wantedTurn(this.item) !== turnOf(this.version.settings);
  }

  /** Whether there is a result to look at. */
  get complete() {
    return this.version?.phase === "complete";
  }

  #leave() {
    this.use(null);
    this.canvas.hidden = true;
    this.maskTool.forget();
    this.hintTool.forget();
  }

  #pictures() {
    const { item, version } = this;
    const complete = this.complete;
    this.sharp = false;
    this.afterImage.hidden = !complete;
    const other = item.versions.find((each) => each.job === this.before && each.phase === "complete");
    this.beforeSource = other ? ["restored", other.job] : ["original", version.job];
    this.tags[0].textContent = other ? t("Version {n}", { n: item.versions.indexOf(other) + 1 }) : t("Before");
    this.tags[1].textContent = item.versions.length > 1 ? t("Version {n}", { n: item.versions.indexOf(version) + 1 }) : t("After");
    this.beforeImage.alt = t("Before: {name}", item);
    this.afterImage.alt = t("Restored: {name}", item);
    this.beforeTurn = complete ? turnOf(other?.settings ?? version.settings) : thumbTurn(item);
    if (complete) {
      this.afterImage.src = version.result.previewUrl;
      this.beforeImage.src = other ? other.result.previewUrl : viewOf(version.job, "original");
      this.faces.show(version.result, version.settings);
    } else {
      this.faces.clear();
      this.marks.replaceChildren();
      const source = thumbOf(item);
      if (source) this.beforeImage.src = source;
      else this.beforeImage.removeAttribute("src");
    }
    this.beforeImage.hidden = !this.beforeImage.hasAttribute("src");
    this.#sharpen();
  }

  /** Show everything as it is to be turned, and the sheet as large as that is. */
  #turn() {
    const { item, version, complete } = this;
    const wanted = wantedTurn(item);
    const made = between(turnOf(version.settings), wanted);
    showTurned(this.beforeImage, between(this.beforeTurn, wanted));
    for (const each of [this.afterImage, this.canvas, this.marks]) showTurned(each, made);
    // Whatever is drawn and painted is in the pixels of the photo that came.
    if (complete) this.#size(version.result.width / version.result.upscale, version.result.height / version.result.upscale, made);
    else if (this.beforeImage.naturalWidth) {
      this.#size(this.beforeImage.naturalWidth, this.beforeImage.naturalHeight, between(this.beforeTurn, wanted));
    }
  }

  /** The sheet for a picture of so many pixels that is shown turned. */
  #size(long, high, degrees) {
    const [width, height] = lies(degrees) ? [high, long] : [long, high];
    this.transform.show(width, height);
    this.style.setProperty("--aspect", width / height);
    this.sheet.style.width = `${width}px`;
    this.sheet.style.height = `${height}px`;
  }

  /** The addresses of the whole pictures. */
  get wholes() {
    const [side, job] = this.beforeSource;
    return { before: viewOf(job, side, "full"), after: viewOf(this.version.job, "restored", "full") };
  }

  /** Fetch the whole pictures once more is to be seen than the small ones have. */
  #sharpen() {
    if (!this.complete || this.sharp) return;
    const { width, height } = this.transform.picture;
    const { upscale } = this.version.result;
    const small = Math.min(upscale, PREVIEW_PIXELS / Math.max(width, height));
    if (small === upscale && this.transform.scale * devicePixelRatio <= 2 * upscale) return;
    if (this.transform.scale * devicePixelRatio <= small * 1.05) return;
    this.sharp = true;
    const identity = this.#shown;
    const { before, after } = this.wholes;
    for (const [image, address] of [
      [this.beforeImage, before],
      [this.afterImage, after],
    ]) {
      const whole = new Image();
      whole.src = address;
      whole.decode().then(
        () => {
          if (this.#shown === identity) image.src = whole.src;
        },
        () => {}, // The small picture stays.
      );
    }
  }

  #layout() {
    const { transform } = this;
    if (!this.version) return;
    this.sheet.style.transform = `translate(${transform.x}px, ${transform.y}px) scale(${transform.scale})`;
    this.style.setProperty("--unit", 1 / transform.scale);
    const comparing = this.complete && !this.tool && !this.#original;
    this.divider.hidden = !comparing;
    for (const tag of this.tags) tag.hidden = !comparing;
    const seen = transform.seen;
    this.divider.style.top = `${Math.max(0, transform.y)}px`;
    this.divider.style.bottom = `${Math.max(0, transform.window.height - transform.y - transform.picture.height * transform.scale)}px`;
    const at = seen.left + (seen.right - seen.left) * this.#split;
    this.divider.style.left = `${at}px`;
    this.divider.setAttribute("aria-valuenow", Math.round(this.#split * 100));
    this.divider.setAttribute("aria-valuetext", t("{n} % before", { n: Math.round(this.#split * 100) }));
    const from = (at - transform.x) / transform.scale;
    // Masks and hints are for the photo as it came.
    const whole = !this.complete || this.tool || this.#original;
    const cut = cutRight(Number(this.beforeImage.dataset.turn ?? 0), transform.picture.width - from);
    this.beforeImage.style.clipPath = whole ? "none" : cut;
    this.tags[0].classList.toggle("faded", at < 90);
    this.tags[1].classList.toggle("faded", at > transform.window.width - 90);
    this.viewport.classList.toggle("enlarged", !transform.fitted);
    this.viewport.classList.toggle("pixels", transform.scale * devicePixelRatio > 3);
    this.viewport.classList.toggle("looking", this.loupe.on);
    this.loupe.draw();
    this.dispatchEvent(new Event("view"));
    this.#sharpen();
  }

  #listen() {
    this.beforeImage.addEventListener("error", () => (this.beforeImage.hidden = true));
    this.beforeImage.addEventListener("load", () => {
      this.beforeImage.hidden = false;
      this.#turn();
      this.#layout();
    });
    followPointers(this.viewport, {
      start: (point, event) => this.#start(point, event),
      move: (point, event) => this.#move(point, event),
      end: (cancelled) => {
        this.#rest(null);
        if (this.#drag === "hold") this.loupe.toggle(false);
        if (this.#drag === "tool") this.tool?.end(cancelled);
        // The first of two fingers meant to enlarge.
        if (this.#drag === "split" && cancelled) this.#compare(this.#splitBefore);
        this.#drag = null;
      },
      hover: (point) => {
        this.tool?.hover(point);
        this.loupe.look(point);
      },
      pinch: ({ factor, x, y, dx, dy }) => {
        this.transform.pan(dx, dy);
        this.zoom(factor, x, y);
      },
      wheel: (event, point) => {
        if (this.tool?.wheel(event, point)) return;
        if (this.loupe.on && !event.ctrlKey) return this.loupe.enlarge(event.deltaY < 0 ? 1 : -1);
        this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), point.x, point.y);
      },
    });
    // Neither the page nor a menu takes over while a finger holds the loupe.
    this.viewport.addEventListener("touchmove", (event) => this.#drag === "hold" && event.cancelable && event.preventDefault(), { passive: false });
    this.viewport.addEventListener("contextmenu", (event) => (this.#drag === "hold" || this.#resting) && event.preventDefault());
    this.viewport.addEventListener("dblclick", (event) => {
      if (this.tool || event.target.closest("button")) return;
      const box = this.viewport.getBoundingClientRect();
      if (this.transform.fitted) this.transform.zoom(1 / devicePixelRatio, event.clientX - box.left, event.clientY - box.top);
      else this.transform.fit();
      this.#place();
    });
    this.viewport.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("keydown", (event) => this.#glance(event));
    document.addEventListener("keyup", (event) => {
      if (event.key.toLowerCase() === "o") this.showOriginal(false);
      if (event.key.toLowerCase() === "l" && this.#loupeSince && performance.now() - this.#loupeSince > HELD_MS) this.loupe.toggle(false);
    });
    addEventListener("blur", () => this.showOriginal(false));
    this.divider.addEventListener("keydown", (event) => this.#slide(event));
  }

  /** Keys that work wherever the focus is. */
  #glance(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event)) return;
    const key = event.key.toLowerCase();
    if (key === "r" && this.turnable && !this.tool) this.turn(event.shiftKey ? -90 : 90);
    if (!this.complete) return;
    if (key === "o" && !event.repeat) this.showOriginal(true);
    else if (key === "f") this.toggleFullScreen();
    else if (key === "l" && !event.repeat && !this.tool) {
      this.#loupeSince = this.loupe.on ? 0 : performance.now();
      this.loupe.toggle();
    }
  }

  /** A finger that rests where it came down holds the loupe; `null`: it moved, or is gone. */
  #rest(point, event) {
    clearTimeout(this.#resting);
    this.#resting = 0;
    if (point === null || event.pointerType !== "touch" || !this.complete || this.tool || this.loupe.on) return;
    this.#resting = setTimeout(() => {
      this.#resting = 0;
      if (this.#drag === "split") this.#compare(this.#splitBefore);
      this.#drag = "hold";
      this.loupe.look(point, true);
      this.loupe.toggle(true);
    }, HELD_MS);
  }

  #start(point, event) {
    this.from = point;
    const onDivider = event.target.closest(".divider");
    if (onDivider) this.divider.focus({ preventScroll: true });
    if (this.tool && event.button === 0) {
      this.#drag = "tool";
      this.tool.start(point, event);
    } else if (this.loupe.on && event.pointerType === "touch" && !onDivider) {
      this.#drag = "look";
      this.loupe.look(point, true);
    } else if (this.complete && event.button === 0 && (onDivider || this.transform.fitted)) {
      this.#drag = "split";
      this.#splitBefore = this.#split;
      this.#move(point);
    } else {
      this.#drag = "pan";
      this.last = point;
    }
    if (!onDivider) this.#rest(point, event);
  }

  #move(point, event) {
    if (Math.hypot(point.x - this.from.x, point.y - this.from.y) > SLIPS) this.#rest(null);
    if (this.#drag === "look" || this.#drag === "hold") return this.loupe.look(point, true);
    if (event?.pointerType === "mouse") this.loupe.look(point);
    if (this.#drag === "tool") this.tool?.move(point);
    else if (this.#drag === "split") {
      const { left, right } = this.transform.seen;
      this.#compare((point.x - left) / Math.max(1, right - left));
    } else if (this.#drag === "pan") {
      this.transform.pan(point.x - this.last.x, point.y - this.last.y);
      this.last = point;
      this.#place();
    }
  }

  #compare(share) {
    this.#split = Math.min(1, Math.max(0, share));
    this.#place();
  }

  #slide(event) {
    const by = event.shiftKey ? 0.1 : 0.01;
    const to = {
      ArrowLeft: this.#split - by, ArrowDown: this.#split - by, ArrowRight: this.#split + by, ArrowUp: this.#split + by,
      PageDown: this.#split - 0.1, PageUp: this.#split + 0.1, Home: 0, End: 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#compare(to);
  }

  #key(event) {
    if (event.target !== this.viewport && event.target !== this.divider) return;
    if (this.tool?.key(event)) return event.preventDefault();
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target === this.viewport && this.loupe.key(event)) return event.preventDefault();
    const pans = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    if (pans[event.key] && !this.transform.fitted) this.transform.pan(...pans[event.key]);
    else if (event.key === "+" || event.key === "=") this.transform.zoom(this.transform.scale * 1.25);
    else if (event.key === "-") this.transform.zoom(this.transform.scale / 1.25);
    else if (event.key === "0") this.transform.fit();
    else if (event.key === "1") this.transform.zoom(1 / devicePixelRatio);
    else return;
    event.preventDefault();
    this.#place();
  }
}

customElements.define("photo-stage", PhotoStage);
