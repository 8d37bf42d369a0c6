// What lies above the page: menus, confirm dialogs, notices.

import { flat, h, icon } from "./dom.js";
import { plainOf, textObject } from "./mrkdwn.js";

const NOTICE_SECONDS = 12;
let open = null;

export function closeMenu({ refocus = false } = {}) {
  const menu = open;
  open = null;
  if (!menu) return;
  menu.node.remove();
  menu.anchor.setAttribute("aria-expanded", "false");
  if (refocus) menu.anchor.focus();
  menu.closed?.();
}

function show(anchor, node, closed) {
  const same = open?.anchor === anchor;
  closeMenu();
  if (same) return false;
  node.setAttribute("popover", "manual");
  (anchor.closest("dialog") ?? document.body).append(node);
  node.showPopover();
  place(anchor, node);
  anchor.setAttribute("aria-expanded", "true");
  open = { anchor, node, closed };
  return true;
}

function place(anchor, node) {
  const box = anchor.getBoundingClientRect();
  const size = node.getBoundingClientRect();
  const below = box.bottom + 4 + size.height <= innerHeight;
  const top = below ? box.bottom + 4 : Math.max(8, box.top - 4 - size.height);
  node.style.top = `${top}px`;
  node.style.left = `${Math.max(8, Math.min(box.left, innerWidth - size.width - 8))}px`;
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.node.contains(event.target) && !open.anchor.contains(event.target)) closeMenu();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open) return;
  event.preventDefault();
  event.stopPropagation();
  closeMenu({ refocus: true });
}, true);
addEventListener("resize", () => closeMenu());
addEventListener("scroll", (event) => {
  if (open && !open.node.contains(event.target) && open.anchor.isConnected) place(open.anchor, open.node);
}, true);

// Closes a menu whose button an update took away.
export function dropOrphans() {
  if (open && !open.anchor.isConnected) closeMenu();
}

// A menu of commands at `anchor`; items are {label, description, value, checked, icon, heading}.
export function menu(anchor, label, items, choose) {
  const node = h("div", { class: "menu", role: "menu", "aria-label": label, on: { keydown: wander } },
    items.map((item) => entry(item, () => {
      closeMenu({ refocus: true });
      choose(item.value, item);
    })));
  if (show(anchor, node)) node.querySelector("[role^=menuitem]")?.focus();
}

function entry(item, choose) {
  if (item.heading) return h("p", { class: "menu-heading", role: "presentation" }, item.heading);
  const radio = item.checked !== undefined;
  return h("button", {
    type: "button", class: "menu-item", tabindex: "-1", "data-value": item.value,
    role: radio ? "menuitemradio" : "menuitem",
    "aria-checked": radio ? String(item.checked) : null,
    on: { click: choose },
  }, item.before, h("span", { class: "menu-text" }, item.label,
    item.description ? h("span", { class: "menu-more" }, item.description) : null));
}

function wander(event) {
  const entries = [...event.currentTarget.querySelectorAll("[role^=menuitem]")];
  const at = entries.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    entries.at(to % entries.length)?.focus();
  } else if (event.key === "Tab") {
    closeMenu({ refocus: true });
  } else if (event.key.length === 1) {
    const letter = event.key.toLowerCase();
    const rest = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
    rest.find((one) => one.textContent.trim().toLowerCase().startsWith(letter))?.focus();
  }
}

// A list to tick several options of; `done` gets the values when it closes and they changed.
export function checklist(anchor, label, options, chosen, { most, done }) {
  const boxes = options.map((option) => h("input", {
    type: "checkbox", value: option.value, checked: chosen.includes(option.value),
    on: { change: limit },
  }));
  function limit() {
    const full = most && boxes.filter((box) => box.checked).length >= most;
    for (const box of boxes) box.disabled = full && !box.checked;
  }
  const node = h("div", { class: "menu checklist", role: "group", "aria-label": label },
    options.map((option, at) => h("label", { class: "menu-item" }, boxes[at], plainOf(option.text))),
    h("button", { type: "button", class: "btn small", on: { click: () => closeMenu({ refocus: true }) } }, "Done"));
  const closed = () => {
    const values = boxes.filter((box) => box.checked).map((box) => box.value);
    if (values.join("\n") !== chosen.join("\n")) done(values);
  };
  if (show(anchor, node, closed)) {
    limit();
    boxes[0]?.focus();
  }
}

// Asks what a confirm object asks; resolves to whether the person agreed.
export function confirmed(confirm) {
  return new Promise((resolve) => {
    const answer = (yes) => () => {
      dialog.close();
      dialog.remove();
      resolve(yes);
    };
    const dialog = h("dialog", {
      class: "dialog confirm", role: "alertdialog", "aria-labelledby": "confirm-title",
      "aria-describedby": "confirm-text",
      on: { cancel: (event) => { event.preventDefault(); answer(false)(); } },
    },
    h("h2", { id: "confirm-title" }, plainOf(confirm.title)),
    h("div", { id: "confirm-text", class: "text" }, textObject(confirm.text)),
    h("div", { class: "dialog-foot" },
      h("button", { type: "button", class: "btn", on: { click: answer(false) } }, plainOf(confirm.deny)),
      h("button", {
        type: "button", class: `btn ${confirm.style === "danger" ? "danger" : "primary"}`,
        on: { click: answer(true) },
      }, plainOf(confirm.confirm))));
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector(".dialog-foot .btn").focus();
  });
}

// Tells something went wrong; it goes by itself unless it is read just then.
export function notice(text) {
  const close = () => node.remove();
  const node = h("div", { class: "notice", role: "alert" }, icon("warn"), h("p", {}, text),
    h("button", { type: "button", class: "plain", "aria-label": "Dismiss", on: { click: close } }, icon("close")));
  const region = document.getElementById("notices");
  region.append(node);
  if (region.showPopover) {
    region.hidePopover?.();
    region.showPopover();
  }
  const wait = () => setTimeout(() => {
    if (node.matches(":hover, :focus-within")) wait();
    else close();
  }, NOTICE_SECONDS * 1000);
  wait();
}

export function badge(text) {
  return h("span", { class: "badge" }, flat([text]));
}
