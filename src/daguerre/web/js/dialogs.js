/** Questions to the person, and the models. */

import { call } from "./api.js";
import { el } from "./dom.js";
import { bytes } from "./words.js";

/** Ask for the key until it is right; resolves when signed in. */
export function signIn() {
  document.querySelector("[data-testid=sign-in]")?.remove();
  return new Promise((resolve) => {
    const input = el("input", { type: "password", id: "key", required: true, autocomplete: "current-password", maxLength: 200 });
    const wrong = el("p", { role: "alert", class: "wrong" });
    const button = el("button", { type: "submit", class: "primary" }, "Sign in");
    const form = el("form", {},
      el("h2", { id: "sign-in-title" }, "Sign in"),
      el("p", {}, "This server asks for a key. Whoever runs it makes one with ", el("code", {}, "daguerre keys create NAME"), "."),
      el("input", { type: "text", autocomplete: "username", value: "daguerre", hidden: true, readOnly: true, "aria-hidden": "true" }),
      el("label", { for: "key" }, "Key"), input, wrong, el("div", { class: "actions" }, button));
    const dialog = el("dialog", { "data-testid": "sign-in", "aria-labelledby": "sign-in-title" }, form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        await call("/session", { method: "POST", json: { key: input.value.trim() } });
        dialog.close();
        dialog.remove();
        resolve();
      } catch (error) {
        wrong.textContent = error.status === 401 ? "This key is not known here. Check it and try again." : error.message;
        input.setAttribute("aria-invalid", "true");
        input.select();
      } finally {
        button.disabled = false;
      }
    });
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}

/** Ask whether to go on; resolves to the answer. */
export function confirmed(question, action) {
  return new Promise((resolve) => {
    const no = el("button", { type: "button", class: "quiet", onclick: () => dialog.close("") }, "Cancel");
    const yes = el("button", { type: "button", class: "primary", onclick: () => dialog.close("yes") }, action);
    const dialog = el("dialog", { "data-testid": "confirm", "aria-labelledby": "confirm-title" },
      el("h2", { id: "confirm-title" }, question), el("div", { class: "actions" }, no, yes));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Show the bundles of models; those that can be installed have a button. */
export async function models() {
  const body = el("div", { class: "bundles", "aria-live": "polite" });
  const close = el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Close");
  const dialog = el("dialog", { "data-testid": "models", "aria-labelledby": "models-title", class: "wide" },
    el("h2", { id: "models-title" }, "Models"),
    el("p", {}, "Small models are built in and always work. Larger published ones can be added to them."),
    body, el("div", { class: "actions" }, close));
  let timer = 0;
  dialog.addEventListener("close", () => {
    clearTimeout(timer);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();

  async function show() {
    clearTimeout(timer);
    try {
      const { bundles } = await call("/features");
      const { totalBytes } = await call("/admin/features/disk-usage").catch(() => ({}));
      if (!dialog.isConnected) return;
      body.replaceChildren(...bundles.map((bundle) => described(bundle, totalBytes, show)));
      if (bundles.some((bundle) => bundle.status === "installing")) timer = setTimeout(show, 1000);
    } catch (error) {
      body.replaceChildren(el("p", { role: "alert", class: "wrong" }, error.message));
    }
  }
  await show();
}

const STATES = { not_installed: "Not installed", installing: "Being installed", installed: "Installed", error: "The installation failed" };

function described(bundle, totalBytes, changed) {
  const wrong = el("p", { role: "alert", class: "wrong" }, bundle.error ?? "");
  const act = (name, path, question) =>
    el("button", {
      type: "button", class: name === "Install" ? "primary" : "quiet",
      onclick: async (event) => {
        event.target.disabled = true;
        try {
          if (question && !(await confirmed(question, name))) return;
          await call(`/admin/features/${bundle.id}/${path}`, { method: "POST" });
          await changed();
        } catch (error) {
          wrong.textContent = error.message;
        } finally {
          event.target.disabled = false;
        }
      },
    }, name);
  const { progress, status } = bundle;
  const state = status === "installed" && Number.isFinite(totalBytes) ? `Installed, ${bytes(totalBytes)} on the disk` : STATES[status];
  return el("section", { class: "bundle", "data-testid": "bundle", "data-status": status },
    el("h3", {}, bundle.name), el("p", {}, `${bundle.description}.`.replace("..", ".")),
    el("p", { class: "note" }, `${state}. Size: ${bundle.estimatedSize}.`),
    bundle.licences.length ? el("p", { class: "note" }, `Licences: ${bundle.licences.join(", ")}.`) : "",
    progress ? el("p", { class: "note" }, progress.stage ?? "") : "",
    progress ? el("progress", { max: 100, value: progress.percent ?? 0, "aria-label": "Installation" }) : "",
    wrong,
    status === "installed" ? act("Remove", "uninstall", `Remove the models of “${bundle.name}”?`) : "",
    status === "not_installed" || status === "error" ? act("Install", "install") : "");
}
