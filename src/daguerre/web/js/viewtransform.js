/** Where a picture lies in its window: arithmetic only. Lengths are CSS pixels, `scale` is CSS pixels per pixel. */

const MOST = 16;

export class ViewTransform {
  /** The window's size, and the picture's in its own pixels. */
  window = { width: 1, height: 1 };
  picture = { width: 1, height: 1 };
  scale = 1;
  x = 0;
  y = 0;

  #fitted = true;

  /** Whether the whole picture is seen, as large as it goes. */
  get fitted() {
    return this.#fitted;
  }

  /** The scale at which all of the picture is seen; small pictures are not blown up beyond twice. */
  get fitScale() {
    const { window, picture } = this;
    return Math.min(window.width / picture.width, window.height / picture.height, 2);
  }

  resize(width, height) {
    const centre = this.at(this.window.width / 2, this.window.height / 2);
    this.window = { width: Math.max(1, width), height: Math.max(1, height) };
    if (this.#fitted) return this.fit();
    this.#place(centre, this.window.width / 2, this.window.height / 2);
  }

  /** Take another picture; the view stays where the new one is as large. */
  show(width, height) {
    if (width === this.picture.width && height === this.picture.height) return;
    this.picture = { width, height };
    this.fit();
  }

  fit() {
    this.scale = this.fitScale;
    this.x = (this.window.width - this.picture.width * this.scale) / 2;
    this.y = (this.window.height - this.picture.height * this.scale) / 2;
    this.#fitted = true;
  }

  /** Change the scale so that what is under `x`, `y` of the window stays there. */
  zoom(scale, x = this.window.width / 2, y = this.window.height / 2) {
    const smallest = Math.min(this.fitScale, 1 / devicePixelRatio);
    const point = this.at(x, y);
    this.scale = Math.min(MOST, Math.max(smallest, scale));
    this.#fitted = Math.abs(this.scale / this.fitScale - 1) < 0.01;
    if (this.#fitted) this.fit();
    else this.#place(point, x, y);
  }

  pan(x, y) {
    this.x += x;
    this.y += y;
    this.#bound();
  }

  /** The picture's point, in its pixels, under `x`, `y` of the window. */
  at(x, y) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  /** The left and right edge of what is seen of the picture, in the window. */
  get seen() {
    const left = Math.max(0, this.x);
    const right = Math.min(this.window.width, this.x + this.picture.width * this.scale);
    return { left, right: Math.max(left, right) };
  }

  #place(point, x, y) {
    this.x = x - point.x * this.scale;
    this.y = y - point.y * this.scale;
    this.#bound();
  }

  #bound() {
    this.x = bounded(this.x, this.window.width, this.picture.width * this.scale);
    this.y = bounded(this.y, this.window.height, this.picture.height * this.scale);
  }
}

/** In the middle where it is smaller than the window, without a gap where it is larger. */
function bounded(at, window, length) {
  return length <= window ? (window - length) / 2 : Math.min(0, Math.max(window - length, at));
}
