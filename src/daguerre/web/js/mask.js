/** The damage mask as an overlay that can be painted on. */

import { maskPng } from "./png.js";

const PIXELS = matchMedia("(max-width: 760px)").matches ? 4_000_000 : 12_000_000;
const REMEMBERED_BYTES = 160_000_000;

/**
 * Draws into `canvas`, which may have fewer pixels than the photo. What is marked is opaque there, in the
 * color `tint`. `changed` is called after every stroke, undo and redo.
 */
export class Mask {
  #canvas;
  #context;
  #undo = [];
  #redo = [];

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
    this.#canvas.width = Math.max(1, Math.round(width * scale));
    this.#canvas.height = Math.max(1, Math.round(height * scale));
    this.scale = this.#canvas.width / width;
    this.#undo = [];
    this.#redo = [];
    if (address) await this.#draw(address);
    this.changed();
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  get canRedo() {
    return this.#redo.length > 0;
  }

  /** Draw through `points` of the photo, `size` of its pixels wide. */
  stroke(points, size, erases) {
    const context = this.#context;
    const width = Math.max(1, size * this.scale);
    const path = points.map(({ x, y }) => ({ x: x * this.scale, y: y * this.scale }));
    const box = this.#around(path, width / 2 + 2);
    if (!box) return;
    const before = context.getImageData(...box);
    context.globalCompositeOperation = erases ? "destination-out" : "source-over";
    trace(context, path, width, this.tint);
    this.#undo.push({ box, before, after: context.getImageData(...box) });
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
    this.#context.putImageData(change[side], change.box[0], change.box[1]);
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

  /** The tint as a pixel. */
  #ink() {
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    context.fillStyle = this.tint;
    context.fillRect(0, 0, 1, 1);
    return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0];
  }

  /** The box around `path` in whole pixels of the canvas, or null where it is outside. */
  #around(path, reach) {
    const xs = path.map(({ x }) => x);
    const ys = path.map(({ y }) => y);
    const x = Math.max(0, Math.floor(least(xs) - reach));
    const y = Math.max(0, Math.floor(least(ys) - reach));
    const width = Math.min(this.#canvas.width, Math.ceil(most(xs) + reach)) - x;
    const height = Math.min(this.#canvas.height, Math.ceil(most(ys) + reach)) - y;
    return width > 0 && height > 0 ? [x, y, width, height] : null;
  }
}

/** Draw a round line through `path`; one point is a dot. */
export function trace(context, path, width, color) {
  context.strokeStyle = color;
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(path[0].x - 0.01, path[0].y);
  for (const { x, y } of path) context.lineTo(x, y);
  context.stroke();
}

const least = (values) => values.reduce((one, other) => Math.min(one, other));
const most = (values) => values.reduce((one, other) => Math.max(one, other));
const held = (changes) => changes.reduce((sum, { before, after }) => sum + before.data.length + after.data.length, 0);
