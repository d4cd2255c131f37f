/** Quarter turns, clockwise in degrees: of what is shown, of places in a photo, and of its mask. */

import { maskPng } from "./png.js";

const PIXELS = 12_000_000;

/** How a version with `settings` was turned. */
export const turnOf = (settings) => settings?.rotate ?? 0;

/** How `item` is to be turned the next time; until somebody turns it, as the shown version was. */
export const wantedTurn = (item) => item.rotate ?? turnOf(item.shown.settings);

/** What turns one into the other: 0, 90, 180 or 270. */
export const between = (from, to) => (to - from + 360) % 360;

/** Whether width and height change places. */
export const lies = (degrees) => degrees % 180 !== 0;

/** `element` in the sheet turned: pictures, masks and marks alike. */
export function showTurned(element, degrees) {
  if (degrees) element.dataset.turn = degrees;
  else delete element.dataset.turn;
}

/** What to cut off from the four sides of a picture that is shown turned, so that `length` is gone on the right. */
export function cutRight(degrees, length) {
  const sides = ["0", "0", "0", "0"];
  sides[{ 0: 1, 90: 0, 180: 3, 270: 2 }[degrees]] = `${length}px`;
  return `inset(${sides.join(" ")})`;
}

/** A box `[x, y, w, h]` of a photo of `width` x `height` pixels, where it lies once that is turned. */
export function turnBox([x, y, w, h], { width, height }, degrees) {
  switch (degrees) {
    case 90:
      return [height - y - h, x, h, w];
    case 180:
      return [width - x - w, height - y - h, w, h];
    case 270:
      return [y, width - x - w, h, w];
    default:
      return [x, y, w, h];
  }
}

/** `faces` and `colorHints` among `settings`, in the pixels of the photo of `size` once it is turned. */
export function turnPlaces({ faces, colorHints }, size, degrees) {
  const hint = ({ x, y, color }) => {
    const [left, top] = turnBox([x, y, 1, 1], size, degrees);
    return { x: left, y: top, color };
  };
  return {
    ...(faces ? { faces: faces.map((face) => (Array.isArray(face) ? turnBox(face, size, degrees) : face)) } : {}),
    ...(colorHints ? { colorHints: colorHints.map(hint) } : {}),
  };
}

/** The mask `png`, of a photo of `width` x `height` pixels, turned. */
export async function turnMask(png, { width, height }, degrees) {
  if (!degrees) return png;
  const picture = await createImageBitmap(png);
  const scale = Math.min(1, Math.sqrt(PIXELS / (width * height)));
  const [across, down] = lies(degrees) ? [height, width] : [width, height];
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.max(1, Math.round(across * scale)), height: Math.max(1, Math.round(down * scale)),
  });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const [long, high] = lies(degrees) ? [canvas.height, canvas.width] : [canvas.width, canvas.height];
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((degrees * Math.PI) / 180);
  context.drawImage(picture, -long / 2, -high / 2, long, high);
  picture.close();
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const marked = new Uint8Array(canvas.width * canvas.height);
  // Hairs survive being made smaller.
  for (let at = 0; at < marked.length; at += 1) marked[at] = pixels[4 * at] > 40 ? 255 : 0;
  return maskPng(marked, canvas.width, canvas.height, across, down);
}
