// What this page alone knows: which conversation is open, which thread, what was dismissed.

import { changed, state } from "./live.js";

export const ui = {
  channel: "",
  tab: "messages",
  side: "",
  below: "",
  thread: null,
  target: "",
  sidebar: false,
  dismissed: new Set(),
  drafts: new Map(),
  seen: new Map(),
};

export function direct() {
  return `D${state.me.slice(1)}`;
}

export function openChannel(channel, tab = "messages") {
  ui.channel = channel;
  ui.tab = tab;
  ui.sidebar = false;
  ui.moved = true;
  if (ui.thread && ui.thread.channel !== channel) closeSide();
  else changed();
}

// What happened outside is there to see at once, where there is room for it.
export function showOutside() {
  if (!ui.side && matchMedia("(min-width: 1200px)").matches) openOutside();
}

export function openThread(channel, ts) {
  if (ui.side !== "thread") ui.below = ui.side;
  ui.thread = { channel, ts };
  ui.side = "thread";
  ui.returnTo = document.activeElement;
  changed();
  document.querySelector("#side textarea")?.focus();
}

export function openOutside() {
  ui.side = ui.side === "outside" ? "" : "outside";
  ui.thread = null;
  changed();
}

export function closeSide() {
  ui.side = ui.thread ? ui.below : "";
  ui.below = "";
  ui.thread = null;
  changed();
  if (ui.returnTo?.isConnected) ui.returnTo.focus();
  ui.returnTo = null;
}

export function dismiss(ts) {
  ui.dismissed.add(ts);
  changed();
}

// Reads an address like /archives/C01/p1700000000000100?thread_ts=… ; false where it names nothing.
export function goTo(address) {
  const url = new URL(address, location.origin);
  const found = url.pathname.match(/^\/archives\/([CD][A-Z0-9]+)\/p(\d{7,})$/);
  if (url.origin !== location.origin || !found) return false;
  const ts = `${found[2].slice(0, -6)}.${found[2].slice(-6)}`;
  const thread = url.searchParams.get("thread_ts");
  ui.channel = found[1];
  ui.tab = "messages";
  ui.target = ts;
  if (thread) {
    ui.thread = { channel: found[1], ts: thread };
    ui.side = "thread";
  }
  return true;
}
