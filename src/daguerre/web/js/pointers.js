/** Fingers and mice on the photo: one moves or paints, two zoom. */

/**
 * Listen on `window`, the element. `on` has `start(point, event)`, `move(point, event)`, `end(cancelled)` for one
 * pointer, `pinch({ factor, x, y, dx, dy })` for two, and `wheel(event, point)`. Points are in the element.
 */
export function followPointers(window, on) {
  const down = new Map();
  let single = null;
  let pinched = null;

  const point = (event) => {
    const box = window.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  window.addEventListener("pointerdown", (event) => {
    if (event.button > 1 || event.target.closest("button, input")) return;
    window.setPointerCapture(event.pointerId);
    down.set(event.pointerId, point(event));
    if (down.size === 1) {
      single = event.pointerId;
      on.start(point(event), event);
    } else if (down.size === 2) {
      if (single !== null) on.end(true);
      single = null;
      pinched = spread(down);
    }
  });

  window.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) {
      on.hover?.(point(event), event);
      return;
    }
    down.set(event.pointerId, point(event));
    if (event.pointerId === single) on.move(point(event), event);
    else if (pinched && down.size === 2) {
      const now = spread(down);
      on.pinch({ factor: now.length / pinched.length, x: now.x, y: now.y, dx: now.x - pinched.x, dy: now.y - pinched.y });
      pinched = now;
    }
  });

  const up = (event) => {
    if (!down.delete(event.pointerId)) return;
    if (event.pointerId === single) {
      single = null;
      on.end(event.type === "pointercancel");
    }
    if (down.size < 2) pinched = null;
  };
  window.addEventListener("pointerup", up);
  window.addEventListener("pointercancel", up);
  window.addEventListener("pointerleave", () => on.hover?.(null));
  window.addEventListener("wheel", (event) => {
    event.preventDefault();
    on.wheel(event, point(event));
  }, { passive: false });
}

function spread(down) {
  const [one, other] = [...down.values()];
  return {
    length: Math.max(1, Math.hypot(one.x - other.x, one.y - other.y)),
    x: (one.x + other.x) / 2,
    y: (one.y + other.y) / 2,
  };
}
