// Modals: the top view of the person's stack, in a dialog that keeps what is being filled in.

import { blocks } from "./blocks.js";
import { h, icon, reconcile } from "./dom.js";
import { changed, perform, state } from "./live.js";
import { plainOf } from "./mrkdwn.js";
import { notice } from "./overlay.js";

const TROUBLE = {
  operation_timeout: "The app took too long to answer.",
  dispatch_failed: "The app could not be reached.",
};

let shown = "";
let drawnFrom = "";
let sending = false;
const drafts = new Map();

export function drawModal(dialog) {
  const view = state.modal;
  if (!view) {
    if (dialog.open) dialog.close();
    shown = drawnFrom = "";
    drafts.clear();
    return;
  }
  const from = JSON.stringify([view, sending]);
  if (from !== drawnFrom) draw(dialog, view);
  const isNew = view.id !== shown;
  const complained = drawnFrom && Object.keys(view.errors).length && JSON.stringify(view.errors);
  drawnFrom = from;
  if (!dialog.open) dialog.showModal();
  if (isNew) focusFirst(dialog);
  else if (complained && complained !== dialog.$complained) dialog.querySelector("[aria-invalid]")?.focus();
  dialog.$complained = complained;
  shown = view.id;
}

function draw(dialog, view) {
  if (!drafts.has(view.id)) drafts.set(view.id, {});
  const scene = {
    place: { kind: "modal", view: view.id }, values: view.state.values, errors: view.errors,
    drafts: drafts.get(view.id), redraw: () => { drawnFrom = ""; changed(); },
  };
  dialog.dataset.view = view.id;
  dialog.dataset.callbackId = view.callback_id;
  dialog.oncancel = (event) => {
    event.preventDefault();
    close(false);
  };
  reconcile(dialog, [h("form", {
    key: view.id, novalidate: true, "aria-busy": sending ? "true" : null,
    on: { submit: (event) => { event.preventDefault(); submit(view); } },
  }, head(view), h("div", { class: "modal-body" }, trouble(view), blocks(scene, view.blocks)), foot(view))]);
}

function head(view) {
  return h("header", { class: "dialog-head" },
    view.depth > 1 ? h("button", {
      type: "button", class: "plain", "aria-label": "Back", on: { click: () => close(false) },
    }, icon("back")) : null,
    h("h2", { id: "modal-title", tabindex: "-1" }, plainOf(view.title)),
    h("button", { type: "button", class: "plain", "aria-label": "Close", on: { click: () => close(view.depth > 1) } }, icon("close")));
}

function trouble(view) {
  const text = view.errors[""];
  return text ? h("p", { class: "callout error", role: "alert" }, text) : null;
}

function foot(view) {
  return h("footer", { class: "dialog-foot" },
    h("button", { type: "button", class: "btn", on: { click: () => close(false) } }, plainOf(view.close) || "Cancel"),
    view.submit ? h("button", {
      type: "submit", class: "btn primary", disabled: sending || view.submit_disabled, "aria-busy": sending ? "true" : null,
    }, h("span", {}, plainOf(view.submit))) : null);
}

function focusFirst(dialog) {
  const first = dialog.querySelector("[data-focus]")
    ?? dialog.querySelector(".modal-body :is(input, textarea, select, button):not([disabled])");
  (first ?? dialog.querySelector("h2")).focus();
}

// What was entered since the view was drawn first, of the fields that are still there.
function entriesOf(view) {
  const entered = drafts.get(view.id) ?? {};
  const there = new Set(Object.keys(view.state.values));
  return Object.fromEntries(Object.entries(entered)
    .filter(([block]) => there.has(block))
    .map(([block, actions]) => [block, Object.fromEntries(
      Object.entries(actions).filter(([action]) => action in view.state.values[block]))])
    .filter(([, actions]) => Object.keys(actions).length));
}

async function submit(view) {
  if (sending) return;
  sending = true;
  changed();
  try {
    const told = await perform({ do: "submit", entries: entriesOf(state.modal ?? view) });
    if (told && told !== "errors" && !state.modal?.errors[""]) notice(TROUBLE[told] ?? told);
  } catch (error) {
    notice(error.message);
  } finally {
    sending = false;
    changed();
  }
}

async function close(all) {
  if (!state.modal) return;
  try {
    await perform({ do: "close", all });
  } catch (error) {
    notice(error.message);
  }
}
