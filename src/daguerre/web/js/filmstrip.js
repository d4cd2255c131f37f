/** The strip of all photos: what is waiting, at work and done. */

import { archiveOf } from "./api.js";
import { el, icon } from "./dom.js";
import { t } from "./language.js";
import { ended } from "./photos.js";
import { thumb, thumbOf, thumbTurn } from "./thumbs.js";
import { between, showTurned, turnOf, wantedTurn } from "./turning.js";
import { counted, moment, status } from "./messages.js";

/** Fires `select` (detail: the photo), `cancel-all` and `delete-all`. */
export class PhotoFilmstrip extends HTMLElement {
  #tiles = new Map();

  /** How long the server keeps photos. */
  retentionHours = 0;

  connectedCallback() {
    this.summary = el("p", { class: "summary", role: "status" });
    this.archive = el("a", { class: "button", "data-testid": "download-all", download: "", hidden: true }, icon("download"), t("Download all"));
    this.list = el("ul", { class: "strip", "aria-label": t("Photos"), "data-testid": "filmstrip" });
    this.cancelAll = this.#button(t("Stop all"), "cancel-all");
    this.deleteAll = this.#button(t("Clear all"), "delete-all");
    this.append(el("div", { class: "head" }, this.summary, this.cancelAll, this.deleteAll, this.archive), this.list);
    this.list.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** Show `photos`. */
  show(photos) {
    const seen = new Set();
    let after = null;
    for (const item of photos.items) {
      const tile = this.#tiles.get(item.key) ?? this.#tile(item);
      seen.add(item.key);
      if (after ? after.nextSibling !== tile.row : this.list.firstChild !== tile.row) {
        this.list.insertBefore(tile.row, after ? after.nextSibling : this.list.firstChild);
      }
      after = tile.row;
      this.#describe(tile, item, item === photos.selected);
    }
    if (photos.selected?.key !== this.selected) this.#reveal(photos.selected?.key);
    for (const [key, tile] of this.#tiles) {
      if (!seen.has(key)) {
        tile.row.remove();
        this.#tiles.delete(key);
      }
    }
    this.#summarize(photos);
  }

  #tile(item) {
    const picture = el("img", { alt: "", draggable: false, loading: "lazy", decoding: "async" });
    const name = el("span", { class: "name" });
    const state = el("span", { class: "state", "data-testid": "photo-status" });
    const bar = el("progress", { max: 100, "aria-hidden": "true" });
    const button = el("button", { type: "button", onclick: () => this.#select(item) }, el("span", { class: "thumb" }, picture), name, state, bar);
    const row = el("li", { "data-testid": "photo" }, button);
    picture.addEventListener("load", () => row.classList.add("seen"));
    picture.addEventListener("error", () => row.classList.remove("seen"));
    const tile = { row, button, picture, name, state, bar };
    this.#tiles.set(item.key, tile);
    thumb(item, () => this.#describe(tile, item, button.getAttribute("aria-current") === "true"));
    return tile;
  }

  #describe({ row, button, picture, name, state, bar }, item, selected) {
    const version = item.shown;
    const source = version.phase === "complete" ? version.result.previewUrl : thumbOf(item);
    if (source && picture.getAttribute("src") !== source) picture.src = source;
    showTurned(picture, between(version.phase === "complete" ? turnOf(version.settings) : thumbTurn(item), wantedTurn(item)));
    const text = status(version);
    if (name.textContent !== item.name) name.textContent = item.name;
    if (state.textContent !== text) state.textContent = text;
    button.title = `${item.name}, ${moment(version.createdAt)}`;
    if (selected) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    // One stop for the Tab key; arrows go on from there.
    button.tabIndex = selected ? 0 : -1;
    row.dataset.phase = version.phase;
    row.dataset.job = version.job;
    bar.hidden = !["uploading", "processing"].includes(version.phase);
    bar.value = version.percent;
  }

  #summarize({ items }) {
    const versions = items.map((item) => item.shown);
    const complete = versions.filter((each) => each.phase === "complete");
    const held = versions.filter((each) => each.held).length;
    const busy = versions.filter((each) => !ended(each)).length - held;
    const failed = versions.filter((each) => each.phase === "failed").length;
    const parts = [counted(items.length)];
    if (held) parts.push(t("{n} not started", { n: held }));
    if (busy) parts.push(t("{n} in progress", { n: busy }));
    if (failed) parts.push(t("{n} not restored", { n: failed }));
    if (this.retentionHours && !busy && !held) parts.push(t("kept for {n} hours", { n: this.retentionHours }));
    const text = parts.join(", ");
    if (this.summary.textContent !== text) this.summary.textContent = text;
    this.cancelAll.hidden = busy < 2;
    this.deleteAll.hidden = busy > 0 || items.length < 2;
    this.archive.hidden = complete.length < 2;
    if (complete.length > 1) this.archive.href = archiveOf(complete.slice(0, 1000).map((each) => each.job));
  }

  #button(label, what) {
    return el("button", { type: "button", class: "quiet", "data-testid": what, hidden: true, onclick: () => this.dispatchEvent(new Event(what)) }, label);
  }

  /** Scroll the strip, and never the page, to a tile. */
  #reveal(key) {
    this.selected = key;
    const row = this.#tiles.get(key)?.row;
    if (!row) return;
    const left = row.offsetLeft - this.list.offsetLeft;
    const { scrollLeft, clientWidth } = this.list;
    if (left < scrollLeft || left + row.offsetWidth > scrollLeft + clientWidth) {
      this.list.scrollLeft = left - (clientWidth - row.offsetWidth) / 2;
    }
  }

  #select(item) {
    this.dispatchEvent(new CustomEvent("select", { detail: item }));
  }

  #walk(event) {
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons[to]?.focus();
  }
}

customElements.define("photo-filmstrip", PhotoFilmstrip);
