/** What the browser remembers from one visit to the next; a browser that may not is no fault. */

const PREFIX = "daguerre.";

/** What was remembered under `name`, else `otherwise`. */
export function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Remember `value`, which JSON can hold. */
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full, or forbidden: the page works all the same.
  }
}
