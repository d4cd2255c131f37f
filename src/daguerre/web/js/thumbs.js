/** Small pictures for the filmstrip: from the file where the browser can read it, else the server's. */

import { viewOf } from "./api.js";
import { arrived } from "./photos.js";
import { turnOf } from "./turning.js";

const PIXELS = 480;
const AT_ONCE = 2;
const READABLE_BYTES = 60_000_000;

let working = 0;
const waiting = [];

/** Give `item` its thumb as soon as there is one, and call `changed`. */
export function thumb(item, changed) {
  if (!item.file || item.asked) return;
  item.asked = true;
  waiting.push({ item, changed });
  next();
}

/** The small picture of `item`, or null where there is none yet. */
export function thumbOf(item) {
  if (item.thumb) return item.thumb;
  const kept = item.versions.find(arrived);
  return kept ? viewOf(kept.job, "original") : null;
}

/** How the picture of `thumbOf` is turned already. */
export const thumbTurn = (item) => (item.thumb ? 0 : turnOf(item.versions.find(arrived)?.settings));

async function next() {
  if (working >= AT_ONCE || !waiting.length) return;
  working += 1;
  const { item, changed } = waiting.shift();
  try {
    if (item.file && item.file.size < READABLE_BYTES) {
      item.thumb = await small(item.file);
      changed();
    }
  } catch {
    // A format that browsers do not read: the server makes a picture of it.
  } finally {
    working -= 1;
    next();
  }
}

async function small(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, PIXELS / Math.min(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  if (!blob) throw new Error("The picture cannot be drawn.");
  return URL.createObjectURL(blob);
}
