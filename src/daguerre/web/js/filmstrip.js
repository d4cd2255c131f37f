/** The strip of all photos: what is waiting, at work and done, and which of them are marked for one action together. */

import { archiveOf } from "./api.js";
import { el, icon } from "./dom.js";
import { t } from "./language.js";
import { ended } from "./photos.js";
import { thumb, thumbOf, thumbTurn } from "./thumbs.js";
import { between, showTurned, turnOf, wantedTurn } from "./turning.js";
import { counted, moment, status } from "./messages.js";

/** Photos in an archive. */
const MOST = 1000;

/**
 * Fires `select` (detail: the photo), `cancel-all` and `delete-all`, and for what is marked (detail: the photos)
 * `restore-marked` and `delete-marked`.
 */
export class PhotoFilmstrip extends HTMLElement {
  #tiles = new Map();
  #items = [];
  #marked = new Set();
  #anchor = null;

  /** How long the server keeps photos. */
  retentionHours = 0;

  connectedCallback() {
    this.summary = el("p", { class: "summary", role: "status" });
    this.archive = el("a", { class: "button", "data-testid": "download-all", download: "", hidden: true }, icon("download"), t("Download all"));
    this.list = el("ul", { class: "strip", "aria-label": t("Photos"), "data-testid": "filmstrip" });
    this.cancelAll = this.#button(t("Stop all"), "cancel-all");
    this.deleteAll = this.#button(t("Clear all"), "delete-all");
    this.selectAll = this.#button(t("Select all"), "select-all", () => this.#mark(this.#items, true));
    this.head = el("div", { class: "head" }, this.summary, this.selectAll, this.cancelAll, this.deleteAll, this.archive);
    this.append(this.head, this.#markedHead(), this.list);
    this.list.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** Mark nothing any more. */
  unmark() {
    this.#mark(this.#items, false);
  }

  /** Show `photos`. */
  show(photos) {
    const seen = new Set();
    this.#items = [...photos.items];
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
        this.#marked.delete(key);
      }
    }
    this.#summarize(photos);
    this.#describeMarked();
  }

  /** What stands over the strip while photos are marked. */
  #markedHead() {
    const ask = (what) => () => this.dispatchEvent(new CustomEvent(what, { detail: this.#markedItems }));
    this.markedCount = el("p", { class: "summary", role: "status", "data-testid": "marked-count" });
    this.markAll = el("button", { type: "button", class: "quiet", onclick: () => this.#mark(this.#items, true) }, t("Select all"));
    this.markNone = el("button", { type: "button", class: "quiet", "data-testid": "unmark", onclick: () => this.unmark() }, t("Clear selection"));
    this.restoreMarked = el("button", { type: "button", "data-testid": "restore-marked", onclick: ask("restore-marked") }, icon("again"), el("span", {}));
    this.deleteMarked = el("button", { type: "button", "data-testid": "delete-marked", onclick: ask("delete-marked") }, icon("bin"), t("Delete"));
    this.fetchMarked = el("a", { class: "button primary", "data-testid": "download-marked", download: "" }, icon("download"), t("Download"));
    this.marking = el("div", { class: "head marking", role: "toolbar", "aria-label": t("Selected photos"), hidden: true },
      this.markedCount, this.markAll, this.markNone, this.restoreMarked, this.deleteMarked, this.fetchMarked);
    return this.marking;
  }

  get #markedItems() {
    return this.#items.filter((item) => this.#marked.has(item.key));
  }

  #mark(items, on) {
    const inside = this.marking.contains(document.activeElement);
    for (const { key } of items) {
      if (on) this.#marked.add(key);
      else this.#marked.delete(key);
    }
    for (const [key, { box, row }] of this.#tiles) {
      box.checked = this.#marked.has(key);
      row.classList.toggle("marked", box.checked);
    }
    this.#describeMarked();
    // What had the focus is gone with its bar.
    if (inside && this.marking.hidden) this.list.querySelector("button[tabindex='0']")?.focus();
  }

  /** Mark `item` or not; with Shift everything up to it from what was marked last. */
  #pick(item, on, range) {
    const to = this.#items.indexOf(item);
    const from = range ? this.#items.findIndex(({ key }) => key === this.#anchor) : -1;
    this.#mark(from < 0 ? [item] : this.#items.slice(Math.min(from, to), Math.max(from, to) + 1), on);
    this.#anchor = item.key;
  }

  #describeMarked() {
    const items = this.#markedItems;
    const done = items.map((item) => item.shown).filter((version) => version.phase === "complete");
    this.list.classList.toggle("choosing", items.length > 0);
    this.list.classList.toggle("single", this.#items.length < 2);
    this.head.hidden = items.length > 0;
    this.marking.hidden = items.length === 0;
    if (!items.length) return;
    const text = t("{n} of {all} selected", { n: items.length, all: this.#items.length });
    if (this.markedCount.textContent !== text) this.markedCount.textContent = text;
    this.markAll.hidden = items.length === this.#items.length;
    const held = items.some((item) => item.shown.held);
    this.restoreMarked.hidden = !held && !items.some((item) => ended(item.shown));
    this.restoreMarked.lastChild.textContent = held ? t("Restore") : t("Restore again");
    this.fetchMarked.hidden = done.length === 0;
    if (done.length) this.fetchMarked.href = done.length === 1 ? done[0].result.downloadUrl : archiveOf(done.slice(0, MOST).map((each) => each.job));
  }

  #tile(item) {
    const picture = el("img", { alt: "", draggable: false, loading: "lazy", decoding: "async" });
    const name = el("span", { class: "name" });
    const state = el("span", { class: "state", "data-testid": "photo-status" });
    const bar = el("progress", { max: 100, "aria-hidden": "true" });
    const button = el("button", { type: "button", onclick: (event) => this.#press(item, event) }, el("span", { class: "thumb" }, picture), name, state, bar);
    const box = el("input", {
      type: "checkbox", "data-testid": "mark", "aria-label": t("Select {name}", item),
      onclick: (event) => this.#pick(item, box.checked, event.shiftKey),
    });
    const row = el("li", { "data-testid": "photo" }, button, box);
    picture.addEventListener("load", () => row.classList.add("seen"));
    picture.addEventListener("error", () => row.classList.remove("seen"));
    const tile = { row, button, box, picture, name, state, bar };
    this.#tiles.set(item.key, tile);
    thumb(item, () => this.#describe(tile, item, button.getAttribute("aria-current") === "true"));
    return tile;
  }

  #describe({ row, button, box, picture, name, state, bar }, item, selected) {
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
    button.tabIndex = box.tabIndex = selected ? 0 : -1;
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
    this.selectAll.hidden = items.length < 2;
    this.archive.hidden = complete.length < 2;
    if (complete.length > 1) this.archive.href = archiveOf(complete.slice(0, MOST).map((each) => each.job));
  }

  #button(label, what, act = () => this.dispatchEvent(new Event(what))) {
    return el("button", { type: "button", class: "quiet", "data-testid": what, hidden: true, onclick: act }, label);
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

  /** With Ctrl a photo is marked as well, with Shift all up to it; without them it is shown. */
  #press(item, event) {
    if (this.#items.length > 1 && (event.shiftKey || event.ctrlKey || event.metaKey)) {
      if (event.shiftKey) this.#anchor ??= this.selected;
      this.#pick(item, event.shiftKey || !this.#marked.has(item.key), event.shiftKey);
    } else this.#select(item);
  }

  #select(item) {
    this.#anchor = item.key;
    this.dispatchEvent(new CustomEvent("select", { detail: item }));
  }

  #walk(event) {
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement.closest("li")?.querySelector("button"));
    const item = this.#items[at];
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === "a" && this.#items.length > 1) this.#mark(this.#items, true);
    else if (event.key === "Escape" && this.#marked.size) this.unmark();
    else if (!control && event.key.toLowerCase() === "x" && item && this.#items.length > 1) this.#pick(item, !this.#marked.has(item.key), event.shiftKey);
    else return this.#go(event, buttons, at);
    event.preventDefault();
  }

  #go(event, buttons, at) {
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (!buttons[to]) return;
    if (event.shiftKey && this.#items.length > 1) {
      if (!this.#marked.size && this.#items[at]) this.#pick(this.#items[at], true, false);
      this.#pick(this.#items[to], true, false);
    }
    buttons[to].focus();
  }
}

customElements.define("photo-filmstrip", PhotoFilmstrip);
