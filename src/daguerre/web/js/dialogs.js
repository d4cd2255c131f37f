/** Questions to the person. */

import { call } from "./api.js";
import { el } from "./dom.js";
import { t } from "./language.js";

/** Ask for the key until it is right; resolves when signed in. */
export function signIn() {
  document.querySelector("[data-testid=sign-in]")?.remove();
  return new Promise((resolve) => {
    const input = el("input", { type: "password", id: "key", required: true, autocomplete: "current-password", maxLength: 200 });
    const wrong = el("p", { role: "alert", class: "wrong" });
    const button = el("button", { type: "submit", class: "primary" }, t("Sign in"));
    const form = el("form", {},
      el("h2", { id: "sign-in-title" }, t("Sign in")),
      el("p", {}, t("This server asks for a key. Ask whoever runs it for one.")),
      el("input", { type: "text", autocomplete: "username", value: "daguerre", hidden: true, readOnly: true, "aria-hidden": "true" }),
      el("label", { for: "key" }, t("Key")), input, wrong, el("div", { class: "actions" }, button));
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
        wrong.textContent = error.status === 401 ? t("This key isn't valid here. Check it and try again.") : error.message;
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
    const no = el("button", { type: "button", class: "quiet", onclick: () => dialog.close("") }, t("Cancel"));
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
