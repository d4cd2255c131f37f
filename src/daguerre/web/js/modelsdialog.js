/** The models: what is installed, what can be. */

import { call, deliver } from "./api.js";
import { confirmed } from "./dialogs.js";
import { el } from "./dom.js";
import { t } from "./language.js";
import { bytes } from "./messages.js";

const STATES = { not_installed: t("Not installed"), installing: t("Installing"), installed: t("Installed"), error: t("Installation failed") };
const PERIOD_MS = 1000;

/** Show the bundles of models, and let them be installed, imported and removed. */
export async function models() {
  const body = el("div", { class: "bundles" });
  const dialog = el("dialog", { "data-testid": "models", "aria-labelledby": "models-title", class: "wide" },
    el("h2", { id: "models-title" }, t("Models")),
    el("p", {}, t("Small models are built in and always work. You can add larger, published ones.")),
    body, el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("Close"))));
  const sections = new Map();
  let timer = 0;
  dialog.addEventListener("close", () => {
    clearTimeout(timer);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();

  async function show() {
    clearTimeout(timer);
    let pause = 0;
    try {
      const { bundles, optional = [] } = await call("/features");
      for (const bundle of [...bundles, ...optional]) {
        if (!sections.has(bundle.id)) {
          sections.set(bundle.id, new Bundle(show));
          body.append(sections.get(bundle.id).element);
        }
        sections.get(bundle.id).show(bundle);
        if (bundle.status === "installing") pause = PERIOD_MS;
      }
    } catch (error) {
      if (!sections.size) body.replaceChildren(el("p", { role: "alert", class: "wrong" }, error.message));
      pause = 3 * PERIOD_MS;
    }
    if (pause && dialog.isConnected) timer = setTimeout(show, pause);
  }
  await show();
}

/** One bundle; it is drawn anew only when its state is another. */
class Bundle {
  #changed;
  #drawn = "";

  constructor(changed) {
    this.#changed = changed;
    this.element = el("section", { class: "bundle", "data-testid": "bundle" });
  }

  show(bundle) {
    const state = JSON.stringify([bundle.status, bundle.error, bundle.models?.map((model) => model.installed)]);
    if (state !== this.#drawn) this.#draw(bundle);
    this.#drawn = state;
    const { progress } = bundle;
    this.bar.hidden = this.stage.hidden = !progress;
    this.bar.value = progress?.percent ?? 0;
    if (this.stage.textContent !== (progress?.stage ?? "")) this.stage.textContent = progress?.stage ?? "";
  }

  #draw(bundle) {
    const { status, models = [] } = bundle;
    this.element.dataset.status = status;
    this.wrong = el("p", { role: "alert", class: "wrong" }, bundle.error ?? "");
    this.stage = el("p", { class: "note", role: "status" });
    this.bar = el("progress", { max: 100, "aria-label": t("Installation") });
    const some = models.some((model) => model.installed);
    const path = `/admin/features/${bundle.id}`;
    const asking = models.filter((model) => !model.commercialUse).map((model) => model.licence);
    const install = async () => {
      const question = t("The license of “{name}” ({terms}) forbids commercial use. Do you accept it?", { name: bundle.name, terms: asking.join(", ") });
      if (asking.length && !(await confirmed(question, t("Accept and install")))) return;
      await call(`${path}/install`, { method: "POST", json: { acceptLicences: asking } });
    };
    const remove = async () => {
      if (await confirmed(t("Remove the models of “{name}”? You can install them again.", bundle), t("Remove"))) {
        await call(`${path}/uninstall`, { method: "POST" });
      }
    };
    this.element.replaceChildren(
      el("h3", {}, bundle.name), el("p", {}, `${bundle.description}.`.replace("..", ".")),
      el("p", { class: "note" }, t("{state}. Size: {size}.", { state: STATES[status], size: bundle.estimatedSize })),
      this.stage, this.bar, this.wrong,
      el("div", { class: "actions" },
        status === "installed" || status === "installing" ? "" : this.#button(t("Install"), "primary", install),
        status === "installing" && bundle.jobId ? this.#button(t("Stop"), "quiet", () => call(`/jobs/${bundle.jobId}/cancel`, { method: "POST" })) : "",
        status === "installing" ? "" : this.#archive(`${path}/import`),
        some && status !== "installing" ? this.#button(t("Remove"), "quiet", remove) : ""),
      models.length ? el("details", { class: "more" }, el("summary", {}, t("What's included")), el("ul", {}, models.map(contained))) : "");
  }

  #button(name, kind, act) {
    return el("button", { type: "button", class: kind, onclick: (event) => this.#do(event.target, act) }, name);
  }

  /** For machines without a network: an archive that another machine has written. */
  #archive(path) {
    const input = el("input", { type: "file", class: "unseen", tabIndex: -1, accept: ".tar,.gz,.tgz,.zip", "aria-label": t("Archive of models") });
    const button = el("button", { type: "button", class: "quiet", onclick: () => input.click() }, t("Import an archive…"));
    input.addEventListener("change", () => {
      const [file] = input.files;
      if (file) this.#do(button, () => deliver(path, file));
    });
    return el("span", {}, input, button);
  }

  async #do(button, act) {
    button.disabled = true;
    this.wrong.textContent = "";
    try {
      await act();
    } catch (error) {
      this.wrong.textContent = error.message;
    } finally {
      button.disabled = false;
    }
    await this.#changed();
  }
}

function contained({ purpose, id, bytes: size, licence, licenceUrl, installed }) {
  const terms = licenceUrl ? el("a", { href: licenceUrl, target: "_blank", rel: "noreferrer" }, licence) : licence;
  return el("li", {}, `${purpose || id}, ${bytes(size)}, `, terms, installed ? `, ${t("installed")}` : "");
}
