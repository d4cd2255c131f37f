/** What the keys do; `?` shows it. */

import { el } from "./dom.js";
import { t } from "./language.js";

const KEYS = [
  [t("The photo"), [
    ["+, -", t("Zoom in and out")], ["0", t("Fit the whole photo")], ["1", t("Actual size")], [t("Arrows"), t("Move a zoomed photo")],
    ["O", t("Hold to see the original")], ["L", t("Loupe: hold it, or press it; [ and ] magnify")], ["F", t("Full screen")], ["R", t("Turn right; with Shift, left")],
  ]],
  [t("The before-and-after slider"), [[t("Arrows"), t("Move it by 1 %")], [t("Shift + arrows"), t("Move it by 10 %")], ["Home, End", t("All before, all after")]]],
  [t("The mask"), [["B, E", t("Brush, eraser")], ["[, ]", t("Smaller, larger")], ["Ctrl + Z", t("Undo")], ["Ctrl + Shift + Z", t("Redo")], ["Esc", t("Done")]]],
  [t("The strip of photos"), [
    ["X", t("Select")], [t("Shift + arrows"), t("Select several")], [t("Shift + click"), t("Select up to there")], ["Ctrl + A", t("Select all")], ["Esc", t("Clear selection")],
  ]],
  [t("The page"), [["?", t("Show this list")]]],
];

/** Show the list of keys. */
export function keys() {
  if (document.querySelector("[data-testid=keys]")) return;
  const close = el("button", { type: "button", class: "primary", onclick: () => dialog.close() }, t("Close"));
  const dialog = el("dialog", { class: "wide", "data-testid": "keys", "aria-labelledby": "keys-title" },
    el("h2", { id: "keys-title" }, t("Keyboard shortcuts")),
    KEYS.map(([title, rows]) => el("section", { class: "keys" }, el("h3", {}, title),
      el("dl", {}, rows.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])))),
    el("div", { class: "actions" }, close));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Whether a key that is pressed is meant for what has the focus. */
export const typing = ({ target }) => Boolean(target.closest?.("input:not([type=range], [type=checkbox]), select, textarea, dialog"));

document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || event.ctrlKey || event.altKey || event.metaKey || typing(event)) return;
  event.preventDefault();
  keys();
});
