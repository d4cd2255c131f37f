/** The damage mask as an overlay that can be painted on. */

import { maskPng } from "./png.js";

const PIXELS = matchMedia("(max-width: 760px)").matches ? 4_000_000 : 12_000_000;
const REMEMBERED_BYTES = 160_000_000;

/**
 * Draws into `canvas`, which may have fewer pixels than the photo. What is marked is opaque there, in the
 * colour `tint`. `changed` is called after every stroke, undo and redo.
 */
export class Mask {
  #canvas;
  #context;
  #kept = document.createElement("canvas");
  #keptContext = this.#kept.getContext("2d", { willReadFrequently: true });
  #undo = [];
  #redo = [];
  #stroke = null;

  constructor(canvas, tint, changed) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { willReadFrequently: true });
    this.tint = tint;
    this.changed = changed;
  }

  /** Begin with the mask at `address`, or with an empty one; the photo has `width` x `height` pixels. */
  async load(address, width, height) {
    const scale = Math.min(1, Math.sqrt(PIXELS / (width * height)));
    this.width = width;
    this.height = height;
    for (const canvas of [this.#canvas, this.#kept]) {
      canvas.width = Math.max(1, Math.round(width * scale));
      canvas.height = Math.max(1, Math.round(height * scale));
    }
    this.scale = this.#canvas.width / width;
    this.#undo = [];
    this.#redo = [];
    this.#stroke = null;
    this.loaded = address ?? "";
    if (address) await this.#draw(address);
    this.#keep();
    this.changed();
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  get canRedo() {
    return this.#redo.length > 0;
  }

  /** Begin a stroke at `x`, `y` of the photo; `size` is its width in the photo's pixels. */
  begin(x, y, size, erases) {
    const context = this.#context;
    context.globalCompositeOperation = erases ? "destination-out" : "source-over";
    context.strokeStyle = context.fillStyle = this.tint;
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = Math.max(1, size * this.scale);
    this.#stroke = { last: null, left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    this.to(x, y);
  }

  /** Go on to there. */
  to(x, y) {
    const stroke = this.#stroke;
    if (!stroke) return;
    const context = this.#context;
    const here = { x: x * this.scale, y: y * this.scale };
    const from = stroke.last ?? { x: here.x - 0.01, y: here.y };
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(here.x, here.y);
    context.stroke();
    const reach = context.lineWidth / 2 + 2;
    stroke.left = Math.min(stroke.left, from.x - reach, here.x - reach);
    stroke.top = Math.min(stroke.top, from.y - reach, here.y - reach);
    stroke.right = Math.max(stroke.right, from.x + reach, here.x + reach);
    stroke.bottom = Math.max(stroke.bottom, from.y + reach, here.y + reach);
    stroke.last = here;
  }

  /** The stroke is done; a cancelled one leaves nothing. */
  end(cancelled = false) {
    const stroke = this.#stroke;
    if (!stroke) return;
    this.#stroke = null;
    const box = this.#within(stroke);
    if (!box) return;
    const before = this.#keptContext.getImageData(...box);
    if (cancelled) {
      this.#context.putImageData(before, box[0], box[1]);
      return;
    }
    const after = this.#context.getImageData(...box);
    this.#keptContext.putImageData(after, box[0], box[1]);
    this.#undo.push({ box, before, after });
    while (this.#undo.length > 1 && held(this.#undo) > REMEMBERED_BYTES) this.#undo.shift();
    this.#redo = [];
    this.changed();
  }

  undo() {
    this.#step(this.#undo, this.#redo, "before");
  }

  redo() {
    this.#step(this.#redo, this.#undo, "after");
  }

  /** The mask as a PNG of the photo's size, white where it is marked. */
  async png() {
    const { width, height } = this.#canvas;
    const pixels = this.#context.getImageData(0, 0, width, height).data;
    const alpha = new Uint8Array(width * height);
    for (let at = 0; at < alpha.length; at += 1) alpha[at] = pixels[4 * at + 3];
    return maskPng(alpha, width, height, this.width, this.height);
  }

  #step(from, to, side) {
    const change = from.pop();
    if (!change) return;
    for (const context of [this.#context, this.#keptContext]) context.putImageData(change[side], change.box[0], change.box[1]);
    to.push(change);
    this.changed();
  }

  /** White of the picture becomes the tint; black becomes nothing. Hairs survive being made smaller. */
  async #draw(address) {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const { width, height } = this.#canvas;
    this.#context.globalCompositeOperation = "source-over";
    this.#context.imageSmoothingQuality = "high";
    this.#context.drawImage(picture, 0, 0, width, height);
    const image = this.#context.getImageData(0, 0, width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const ink = this.#ink();
    for (let at = 0; at < pixels.length; at += 1) pixels[at] = (pixels[at] & 0xff) > 40 ? ink : 0;
    this.#context.putImageData(image, 0, 0);
  }

  #ink() {
    this.#keptContext.fillStyle = this.tint;
    this.#keptContext.fillRect(0, 0, 1, 1);
    return new Uint32Array(this.#keptContext.getImageData(0, 0, 1, 1).data.buffer)[0];
  }

  #keep() {
    this.#keptContext.globalCompositeOperation = "copy";
    this.#keptContext.drawImage(this.#canvas, 0, 0);
    this.#keptContext.globalCompositeOperation = "source-over";
  }

  /** The box of a stroke in whole pixels of the canvas, or null where it is outside. */
  #within({ left, top, right, bottom }) {
    const x = Math.max(0, Math.floor(left));
    const y = Math.max(0, Math.floor(top));
    const width = Math.min(this.#canvas.width, Math.ceil(right)) - x;
    const height = Math.min(this.#canvas.height, Math.ceil(bottom)) - y;
    return width > 0 && height > 0 ? [x, y, width, height] : null;
  }
}

const held = (changes) => changes.reduce((sum, { before, after }) => sum + before.data.length + after.data.length, 0);
