// The composer: writes messages, and hints at the app's commands as soon as a slash is typed.

import { h, icon } from "./dom.js";
import { changed, perform, state } from "./live.js";
import { menu, notice } from "./overlay.js";
import { ui } from "./ui.js";

const TALLEST = 200;

// Draws a composer into `root` once for a place; what is typed is kept for each place.
export function drawComposer(root, { channel, name, thread = "" }) {
  const place = `${state.me}:${channel}:${thread}`;
  if (root.dataset.place === place) return;
  root.dataset.place = place;
  const id = thread ? "thread-composer" : "composer";
  const list = h("div", { class: "hints", id: `${id}-hints`, role: "listbox", "aria-label": "Commands", hidden: true });
  const area = h("textarea", {
    id: `${id}-text`, rows: "1", placeholder: thread ? "Reply…" : `Message ${name}`,
    "aria-label": thread ? "Reply" : `Message ${name}`, role: "combobox", "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": `${id}-hints`,
  }, ui.drafts.get(place) ?? "");
  const box = { area, list, place, channel, thread, at: -1 };
  area.addEventListener("input", () => typed(box));
  area.addEventListener("keydown", (event) => keyed(box, event));
  area.addEventListener("blur", () => setTimeout(() => hide(box), 150));
  const send = h("button", { type: "button", class: "btn primary send", "aria-label": "Send", on: { click: () => write(box) } }, icon("send"));
  root.replaceChildren(list, h("div", { class: "composer-box" }, thread ? null : globalMenu(), area, send));
  fit(area);
}

function globalMenu() {
  const open = ({ currentTarget }) => {
    const own = state.shortcuts.filter((one) => one.type === "global");
    const items = [
      { heading: "Shortcuts" },
      ...own.map((one) => ({ label: one.name, description: one.description, value: one.callback_id })),
    ];
    if (!own.length) items.push({ label: "This app has no shortcuts", value: "" });
    menu(currentTarget, "Shortcuts", items, (callback) => {
      if (callback) perform({ do: "shortcut", callback_id: callback }).catch((error) => notice(error.message));
    });
  };
  return h("button", {
    type: "button", class: "plain", "aria-label": "Shortcuts", title: "Shortcuts", "aria-haspopup": "menu",
    "aria-expanded": "false", on: { click: open },
  }, icon("plus"));
}

function typed(box) {
  ui.drafts.set(box.place, box.area.value);
  fit(box.area);
  const hints = box.thread ? [] : hintsFor(box.area.value);
  box.at = hints.length ? 0 : -1;
  box.list.replaceChildren(...hints.map((hint, at) => h("div", {
    class: "hint-line", role: "option", id: `${box.list.id}-${at}`, "data-insert": hint.insert,
    on: { pointerdown: (event) => { event.preventDefault(); pick(box, at); } },
  }, h("span", { class: "hint-words" }, hint.words), h("span", { class: "faint" }, hint.about))));
  box.list.hidden = !hints.length;
  mark(box);
}

function hintsFor(text) {
  if (!text.startsWith("/") || text.includes("\n")) return [];
  return state.commands.flatMap((entry) => {
    const uses = usesOf(entry.usage_hint);
    if (entry.command.startsWith(text)) {
      return [{ insert: `${entry.command} `, words: `${entry.command} ${entry.usage_hint ?? ""}`, about: entry.description }];
    }
    if (!text.startsWith(`${entry.command} `)) return [];
    const rest = text.slice(entry.command.length + 1);
    return uses
      .filter((use) => use.startsWith(rest) && use !== rest)
      .map((use) => ({ insert: `${entry.command} ${use.split(" ")[0]} `, words: `${entry.command} ${use}`, about: "" }))
      .filter((hint) => hint.insert.trim() !== text.trim());
  });
}

// The ways to use a command out of its hint: "help | explain <words>" or "[help, explain]".
function usesOf(hint = "") {
  const inner = hint.replace(/^\[(.*)\]$/, "$1");
  return inner.split(inner.includes("|") ? "|" : ",").map((use) => use.trim()).filter((use) => /^[a-z]/.test(use));
}

function mark(box) {
  [...box.list.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === box.at)));
  box.area.setAttribute("aria-expanded", String(!box.list.hidden));
  if (box.at < 0) box.area.removeAttribute("aria-activedescendant");
  else box.area.setAttribute("aria-activedescendant", `${box.list.id}-${box.at}`);
}

function hide(box) {
  box.list.hidden = true;
  box.at = -1;
  mark(box);
}

function pick(box, at) {
  box.area.value = box.list.children[at].dataset.insert;
  box.area.focus();
  typed(box);
}

function keyed(box, event) {
  const many = box.list.hidden ? 0 : box.list.children.length;
  if (many && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    box.at = (box.at + (event.key === "ArrowDown" ? 1 : many - 1)) % many;
    event.preventDefault();
    mark(box);
  } else if (many && (event.key === "Tab" || (event.key === "Enter" && unfinished(box)))) {
    event.preventDefault();
    pick(box, box.at);
  } else if (many && event.key === "Escape") {
    event.stopPropagation();
    hide(box);
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    write(box);
  }
}

// Whether Enter should complete the command itself first; "/bounce" as it is may be sent.
function unfinished(box) {
  return !state.commands.some((entry) => box.area.value.trim().split(" ")[0] === entry.command);
}

async function write(box) {
  const text = box.area.value.trim();
  if (!text) return;
  box.area.value = "";
  ui.drafts.delete(box.place);
  hide(box);
  fit(box.area);
  if (!box.thread) ui.moved = true;
  changed();
  try {
    const told = await perform({ do: "write", channel: box.channel, text, thread_ts: box.thread });
    if (told) giveBack(box, text);
  } catch (error) {
    giveBack(box, text);
    notice(error.message);
  }
}

function giveBack(box, text) {
  if (box.area.value) return;
  box.area.value = text;
  ui.drafts.set(box.place, text);
  fit(box.area);
}

function fit(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, TALLEST)}px`;
}
