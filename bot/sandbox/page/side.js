// The panel at the side: a thread, or what happened outside of Slack.

import { drawComposer } from "./composer.js";
import { clock, full } from "./dates.js";
import { h, icon, reconcile } from "./dom.js";
import { me, outside, state } from "./live.js";
import { drawThread, walk } from "./messages.js";
import { closeSide, ui } from "./ui.js";

const POLL_SECONDS = 1.5;
let seen = { tabs: [] };
let tab = 0;
let threadShown = "";

export function drawSide(root) {
  const opened = ui.side === "outside" && root.dataset.kind !== "outside";
  root.hidden = !ui.side;
  root.dataset.kind = ui.side;
  if (opened) look(root);
  if (ui.side === "thread") drawThreadPanel(root);
  else if (ui.side === "outside") drawOutside(root);
  else {
    root.replaceChildren();
    threadShown = "";
  }
}

function head(title, subtitle) {
  return h("header", { class: "side-head", key: "head" }, h("h2", {}, title),
    h("span", { class: "faint" }, subtitle),
    h("button", { type: "button", class: "plain", "aria-label": `Close ${title.toLowerCase()}`, on: { click: closeSide } }, icon("close")));
}

function drawThreadPanel(root) {
  const place = `${state.me}:${ui.thread.channel}:${ui.thread.ts}`;
  root.setAttribute("aria-label", "Thread");
  const name = state.channels.find((one) => one.id === ui.thread.channel)?.name ?? "";
  if (threadShown !== place) {
    const list = h("div", { class: "side-body", key: "thread", role: "feed", "aria-label": "Replies", on: { keydown: walk } });
    root.replaceChildren(head("Thread", `#${name}`), list, h("div", { class: "composer", key: "composer" }));
    threadShown = place;
  }
  const [, list, composer] = root.children;
  const below = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  drawThread(list, ui.thread);
  if (below) list.scrollTop = list.scrollHeight;
  drawComposer(composer, { channel: ui.thread.channel, name: `#${name}`, thread: ui.thread.ts });
}

function drawOutside(root) {
  threadShown = "";
  root.setAttribute("aria-label", "Outside of Slack");
  const tabs = seen.tabs ?? [];
  tab = Math.min(tab, Math.max(tabs.length - 1, 0));
  reconcile(root, [
    head("Outside of Slack", "what your clicks did"),
    h("div", { class: "tabs", key: "tabs", role: "tablist", "aria-label": "Outside of Slack", on: { keydown: turn } },
      tabs.map((one, at) => h("button", {
        type: "button", role: "tab", id: `outside-tab-${at}`, "aria-selected": String(at === tab),
        "aria-controls": "outside-panel", tabindex: at === tab ? "0" : "-1", on: { click: () => choose(root, at) },
      }, one.title, one.items?.length ? h("span", { class: "number" }, String(one.items.length)) : null))),
    panel(tabs[tab]),
  ]);
}

function panel(shown) {
  return h("div", {
    class: "side-body padded", key: "panel", id: "outside-panel", role: "tabpanel", tabindex: "0",
    "aria-labelledby": `outside-tab-${tab}`,
  }, !shown ? h("p", { class: "empty" }, "Nothing runs outside of Slack here.")
    : !shown.items?.length ? h("p", { class: "empty" }, shown.empty ?? "Nothing yet.")
      : shown.items.map(item));
}

function item(one) {
  return h("section", { class: "outside-item" },
    h("div", { class: "outside-line" }, h("strong", {}, one.title), when(one.at)),
    one.subtitle ? h("p", { class: "faint" }, one.subtitle) : null,
    one.body ? h("pre", { tabindex: "0" }, one.body) : null);
}

function when(at) {
  const unix = typeof at === "number" ? at : Date.parse(at) / 1000;
  if (!at || Number.isNaN(unix)) return null;
  return h("time", { class: "faint", title: full(unix, me().tz) }, clock(unix, me().tz));
}

function choose(root, at) {
  tab = at;
  drawOutside(root);
}

function turn(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...event.currentTarget.children];
  choose(document.getElementById("side"), (tab + step + tabs.length) % tabs.length);
  document.getElementById(`outside-tab-${tab}`).focus();
}

async function look(root) {
  try {
    const body = await outside();
    const changed = JSON.stringify(body) !== JSON.stringify(seen);
    seen = body;
    if (changed && ui.side === "outside") drawOutside(root);
  } catch {
    // The connection is lost; the line at the top says so.
  }
}

// Looks outside as long as the panel is open; nothing tells when something changes there.
export async function watchOutside(root) {
  if (ui.side === "outside" && document.visibilityState === "visible") await look(root);
  setTimeout(() => watchOutside(root), POLL_SECONDS * 1000);
}
