/** The page: its parts, and how they work together. */

import { call, Refusal } from "./api.js";
import { receive } from "./filedrop.js";
import { confirmed, signIn } from "./dialogs.js";
import { part, perFrame } from "./dom.js";
import { Follower } from "./follower.js";
import { keys } from "./keysdialog.js";
import { t, translatePage } from "./language.js";
import { models } from "./modelsdialog.js";
import { arrived, ended, Photos } from "./photos.js";
import "./report.js";
import { DEFAULTS, same, wire } from "./settings.js";
import { between, turnMask, turnOf, turnPlaces, wantedTurn } from "./turning.js";
import "./filmstrip.js";
import "./stage.js";
import { Uploads } from "./uploads.js";
import "./viewtools.js";
import { advice, counted } from "./messages.js";

const RETRY_MS = 3000;

const $ = (selector) => document.querySelector(selector);
const stage = $("photo-stage");
const tools = $("view-tools");
const filmstrip = $("photo-filmstrip");
const report = $("photo-report");
const settings = $("settings-form");
const input = part(document, "file-input");
const notice = part(document, "notice");

const photos = new Photos();
const uploads = new Uploads(photos, () => entered());
new Follower(photos, reload);
let lost = false;
let greeted = false;
let retrying = 0;
let reloading = null;
let entering = null;

tools.attach(stage);

const render = perFrame(() => {
  const { items, selected } = photos;
  document.body.dataset.state = items.length ? "photos" : "empty";
  filmstrip.show(photos);
  if (selected) {
    const { shown } = selected;
    if (shown.phase === "failed") shown.advice = shown.refused ? shown.error : advice(500, shown);
    stage.show(selected);
    tools.show(selected);
    report.show(shown);
    document.title = titleOf(items.map((item) => item.shown), selected.name);
  } else document.title = "Daguerre";
  describeSettings();
});
photos.addEventListener("change", render);

/** `3 of 10 – Daguerre` while photos are restored, else the photo's name. */
function titleOf(versions, name) {
  const busy = versions.filter((each) => !ended(each) && !each.held).length;
  if (!busy) return `${name} – Daguerre`;
  const [only] = versions;
  return versions.length > 1 ? `${t("{done} of {all}", { done: versions.length - busy, all: versions.length })} – Daguerre` : `${only.percent} % – Daguerre`;
}

function describeSettings() {
  const item = photos.selected;
  if (!item) return;
  const changed = ended(item.shown) && (stage.turned || (stage.complete && stage.faces.changed));
  tools.changed(changed && stage.complete);
  const different = changed || !same(item.shown.settings ?? {}, wire(settings.values));
  settings.describe({ available: ended(item.shown), different, count: photos.items.length, held: heldOnes().length });
}

/** Say something that concerns the whole page, or nothing. */
function say(text) {
  notice.hidden = !text;
  if (notice.textContent !== text) notice.textContent = text;
}

function connection(state) {
  if (state === "lost") say(t("The connection to the server was lost. Your photos are safe; the page keeps trying."));
  else if (lost) {
    say("");
    uploads.resume();
  }
  lost = state === "lost";
}

/** Read the list again, and again where the server does not answer; asks for a key where one is needed. */
function reload() {
  reloading ??= attempt().finally(() => (reloading = null));
  return reloading;
}

async function attempt() {
  clearTimeout(retrying);
  try {
    if (!greeted) {
      const { keyNeeded, administrator, retentionHours } = await call("/session");
      filmstrip.retentionHours = retentionHours;
      $("#sign-out").hidden = !keyNeeded;
      $("#models").hidden = !administrator;
    }
    greeted = true;
    await photos.load();
    connection("connected");
    return true;
  } catch (error) {
    if (error.status === 401) {
      entered();
      return false;
    }
    if (error.status === 0 || error.status >= 500) {
      connection("lost");
      retrying = setTimeout(reload, RETRY_MS);
    } else say(error.message);
    photos.changed();
    return false;
  }
}

/** Sign in, once however many ask. */
function entered() {
  entering ??= (async () => {
    if (!photos.items.length) document.body.dataset.state = "signin";
    await signIn();
    entering = null;
    greeted = false;
    await reload();
    uploads.resume();
  })();
  return entering;
}

function take(files) {
  say("");
  const wanted = wire(settings.values);
  const added = files.reverse().map((file) => photos.add(file, wanted)).reverse();
  if (added.length) photos.select(added[0]);
  for (const item of added) {
    if (settings.atOnce) uploads.add(item, item.shown);
    else item.shown.held = true;
  }
  photos.changed();
}

const heldOnes = () => photos.items.filter((item) => item.shown.held);

/** Send what was added and not started, with the settings as they stand. */
const start = () => begin(heldOnes());

function begin(items) {
  for (const item of items.reverse()) {
    Object.assign(item.shown, { held: false, settings: wantedOf(item) });
    item.rotate = null;
    uploads.add(item, item.shown);
  }
  photos.changed();
}

/** The settings for `item` as they stand. */
function wantedOf(item) {
  const rotate = wantedTurn(item);
  return { ...wire(settings.values), ...(rotate ? { rotate } : {}) };
}

/** Restore `item` once more; `special` are settings for it alone, `painted` is a mask. Places are those of what is shown. */
async function again(item, special = {}, painted = undefined) {
  const { shown } = item;
  const { faces, colorHints } = shown.settings ?? {};
  const kept = { ...(faces ? { faces } : {}), ...(colorHints && settings.values.colorize ? { colorHints } : {}) };
  const wanted = { ...wantedOf(item), ...kept, ...special };
  const turn = between(turnOf(shown.settings), wantedTurn(item));
  const { width = 0, height = 0, upscale = 1 } = shown.result ?? {};
  const size = { width: width / upscale, height: height / upscale };
  if (turn) Object.assign(wanted, turnPlaces(wanted, size, turn));
  const given = painted ?? (await maskOf(shown, wanted));
  const mask = given && (await turnMask(given, size, turn));
  uploads.add(item, photos.again(item, wanted, Boolean(mask)), { mask });
}

/** The mask that was painted for `version`, where the damage is not to be looked for in another way. */
async function maskOf({ hasMask, result, settings: used }, wanted) {
  const otherwise = ["scratchRemoval", "scratchSensitivity"].some((name) => (used?.[name] ?? DEFAULTS[name]) !== wanted[name]);
  if (!hasMask || !result?.maskUrl || otherwise) return undefined;
  const answer = await fetch(result.maskUrl).catch(() => null);
  return answer?.ok ? answer.blob() : undefined;
}

async function remove() {
  const item = photos.selected;
  const version = item.shown;
  const several = item.versions.length > 1;
  if (version.phase === "complete") {
    const question = several
      ? t("Delete version {n} of “{name}” from this server?", { n: item.versions.indexOf(version) + 1, name: item.name })
      : t("Delete “{name}” from this server? Your own file stays where it is.", item);
    if (!(await confirmed(question, t("Delete")))) return;
  }
  await forget(item, version);
}

/** Delete a version here and on the server; here first, so that nothing of it is asked for any more. */
async function forget(item, version) {
  uploads.cancel(version);
  photos.drop(item, version);
  if (!arrived(version)) return;
  try {
    await call(`/jobs/${version.job}`, { method: "DELETE" });
  } catch (error) {
    if (error.status === 404) return;
    say(error.message);
    await photos.load().catch(() => {});
  }
}

async function cancel(item = photos.selected) {
  const version = item.shown;
  if (!arrived(version)) {
    uploads.cancel(version);
    photos.drop(item, version);
    return;
  }
  try {
    await call(`/jobs/${version.job}/cancel`, { method: "POST" });
  } catch (error) {
    say(error.message);
  }
}

function restoreAgain() {
  if (heldOnes().length) start();
  else if (photos.selected.shown.refused) retry(photos.selected);
  else again(photos.selected, stage.complete ? stage.faces.wanted : {});
}

function retry(item, special = {}) {
  const version = item.shown;
  if (!version.refused) return again(item, special);
  const wanted = { ...wantedOf(item), ...special };
  Object.assign(version, { phase: "waiting", refused: false, error: undefined, code: undefined, settings: wanted });
  photos.changed();
  uploads.add(item, version);
}

async function sample() {
  try {
    const answer = await fetch(document.body.dataset.sample);
    take([new File([await answer.blob()], "sample.jpg", { type: "image/jpeg" })]);
  } catch {
    say(new Refusal(0).message);
  }
}

receive(input, take);
for (const button of document.querySelectorAll("[data-choose]")) button.addEventListener("click", () => input.click());
$("#sample").addEventListener("click", sample);
$("#models").addEventListener("click", models);
$("#keys").addEventListener("click", keys);
$("#sign-out").addEventListener("click", async () => {
  await call("/session", { method: "DELETE" }).catch(() => {});
  location.reload();
});
filmstrip.addEventListener("cancel-all", async () => {
  for (const item of photos.items.filter(({ shown }) => !ended(shown))) await cancel(item);
});
filmstrip.addEventListener("delete-all", async () => {
  const question = t("Delete all {photos} from this server? Your own files stay where they are.", { photos: counted(photos.items.length) });
  if (!(await confirmed(question, t("Clear all")))) return;
  for (const item of [...photos.items]) for (const version of [...item.versions]) await forget(item, version);
});
filmstrip.addEventListener("restore-marked", async ({ detail }) => {
  const held = detail.filter((item) => item.shown.held);
  if (held.length) return begin(held);
  filmstrip.unmark();
  for (const item of detail.filter(({ shown }) => ended(shown))) await (item.shown.refused ? retry(item) : again(item));
});
filmstrip.addEventListener("delete-marked", async ({ detail }) => {
  const question = t("Delete {photos} from this server? Your own files stay where they are.", { photos: counted(detail.length) });
  if (!(await confirmed(question, t("Delete")))) return;
  for (const item of detail) for (const version of [...item.versions]) await forget(item, version);
});
filmstrip.addEventListener("select", ({ detail }) => photos.select(detail));
tools.addEventListener("show", ({ detail }) => photos.show(photos.selected, detail));
tools.addEventListener("delete", remove);
stage.addEventListener("cancel", () => cancel());
stage.addEventListener("retry", () => retry(photos.selected));
stage.addEventListener("recover", () => retry(photos.selected, { recover: true }));
stage.addEventListener("start", start);
stage.addEventListener("faces", describeSettings);
stage.addEventListener("faces-again", restoreAgain);
stage.addEventListener("mask", ({ detail }) => again(photos.selected, { scratchRemoval: true }, detail));
stage.addEventListener("hints", ({ detail }) => again(photos.selected, { colorize: true, colorHints: detail }));
settings.addEventListener("change", describeSettings);
stage.addEventListener("turn", ({ detail }) => photos.turn(photos.selected, detail));
tools.addEventListener("again", restoreAgain);
settings.addEventListener("again", restoreAgain);
settings.addEventListener("all", async () => {
  const items = photos.items.filter((item) => ended(item.shown));
  if (!(await confirmed(t("Restore {photos} again with these settings?", { photos: counted(items.length) }), t("Restore")))) return;
  for (const item of items) await again(item);
});
addEventListener("online", () => uploads.resume());
document.addEventListener("visibilitychange", () => {
  // Others may have added photos meanwhile, and old ones may have gone.
  if (document.visibilityState === "visible" && document.body.dataset.state !== "signin") reload();
});
addEventListener("beforeunload", (event) => {
  if (uploads.busy || heldOnes().length) event.preventDefault();
});

translatePage();
const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
if (!local) $("#privacy").textContent = t("They go to this server and nowhere else.");

reload();
