// The page as a whole: sidebar, channel, App Home, side panel, modal; drawn anew at each change.

import { blocks } from "./blocks.js";
import { drawComposer } from "./composer.js";
import { h, icon, keepingFocus, reconcile } from "./dom.js";
import { become, changed, connect, me, messagesOf, onChange, perform, refresh, state } from "./live.js";
import { announce, avatar, drawChannel, isReply, walk } from "./messages.js";
import { drawModal } from "./modal.js";
import { dropOrphans, menu, notice } from "./overlay.js";
import { drawSide, watchOutside } from "./side.js";
import { direct, goTo, openChannel, openOutside, showOutside, ui } from "./ui.js";

const NEAR = 80;
const part = (id) => document.getElementById(id);
let told = null;
let drawnHome = "";
let homeAsked = "";
let newest = new Map();

function draw() {
  if (!state.loaded) return;
  settle();
  keepingFocus(() => {
    drawSidebar();
    drawTop();
    drawMiddle();
    drawSide(part("side"));
  });
  drawModal(part("modal"));
  dropOrphans();
  tellNotices();
  part("offline").hidden = state.connected;
  document.title = `${title()} · ${state.team.name}`;
}

// Puts the page where it can be: a channel that exists, a person who exists.
function settle() {
  const there = state.channels.some((channel) => channel.id === ui.channel);
  if (!there) ui.channel = ui.channel.startsWith("D") ? direct() : state.channels[0]?.id ?? "";
  document.documentElement.classList.toggle("with-side", Boolean(ui.side));
  document.documentElement.classList.toggle("with-sidebar", ui.sidebar);
}

function title() {
  if (ui.channel === direct()) return state.bot.name;
  return `#${state.channels.find((channel) => channel.id === ui.channel)?.name ?? ""}`;
}

function drawSidebar() {
  const open = state.channels.filter((channel) => channel.id !== direct());
  reconcile(part("sidebar"), [
    h("div", { class: "team", key: "team" }, h("strong", {}, state.team.name),
      h("span", { class: "faint" }, "A local stand-in of Slack")),
    h("h2", { key: "channels" }, "Channels"),
    h("ul", { key: "channel-list" }, open.map((channel) => place(channel.id, `# ${channel.name}`, "messages"))),
    h("h2", { key: "apps" }, "Apps"),
    h("ul", { key: "app-list" }, place(direct(), state.bot.name, "home", avatar({ id: state.bot.id }, "tiny"))),
    whoami(),
  ]);
}

function place(channel, name, tab, before = null) {
  const here = ui.channel === channel;
  const unread = !here && unreadOf(channel);
  return h("li", { key: channel }, h("button", {
    type: "button", class: "place", "aria-current": here ? "page" : null, "data-channel": channel,
    on: { click: () => openChannel(channel, tab) },
  }, before, h("span", { class: unread ? "unread" : "" }, name),
  unread ? h("span", { class: "number", "aria-label": `${unread} unread` }, String(unread)) : null));
}

function unreadOf(channel) {
  const seen = ui.seen.get(`${state.me}:${channel}`) ?? "";
  return messagesOf(channel).filter((one) => one.ts > seen && !isReply(one) && one.user !== state.me).length;
}

function whoami() {
  const open = ({ currentTarget }) => menu(currentTarget, "Act as", [
    { heading: "Act as" },
    ...state.users.map((user) => ({
      label: user.real_name, description: user.tz.replaceAll("_", " "), value: user.id,
      checked: user.id === state.me, before: avatar(user, "small"),
    })),
  ], (user) => become(user));
  return h("button", {
    type: "button", class: "whoami", key: "whoami", "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": `Acting as ${me().real_name}; switch person`, on: { click: open },
  }, avatar(me(), "small"), h("span", {}, me().real_name, h("span", { class: "faint" }, "Switch person")), icon("down"));
}

function drawTop() {
  const app = ui.channel === direct();
  const toggle = () => {
    ui.sidebar = !ui.sidebar;
    changed();
  };
  reconcile(part("top"), [
    h("button", {
      type: "button", class: "plain only-narrow", key: "menu", "aria-label": "Conversations",
      "aria-expanded": String(ui.sidebar), on: { click: toggle },
    }, icon("menu")),
    h("h1", { key: "title" }, title()),
    app ? h("div", { class: "tabs", key: "tabs", role: "tablist", "aria-label": state.bot.name },
      appTab("home", "Home"),
      hasMessages() ? appTab("messages", "Messages") : null) : h("span", { key: "topic", class: "faint topic" },
      "Bounced email, why, and what to do"),
    state.outside ? h("button", {
      type: "button", class: "btn outside-button", key: "outside", "aria-label": "Outside", "aria-pressed": String(ui.side === "outside"),
      on: { click: openOutside },
    }, icon("outside"), h("span", {}, "Outside")) : h("span", { key: "outside" }),
  ]);
}

// The app's own conversation: hidden where the manifest switches it off and nothing is in it.
function hasMessages() {
  return state.app_home.messages_tab_enabled !== false || messagesOf(direct()).length > 0;
}

function appTab(name, label) {
  return h("button", {
    type: "button", role: "tab", "aria-selected": String(ui.tab === name), on: { click: () => openChannel(direct(), name) },
  }, label);
}

function drawMiddle() {
  const home = ui.channel === direct() && ui.tab === "home";
  part("home").hidden = !home;
  part("scroller").hidden = home;
  part("composer").hidden = home || (ui.channel === direct() && Boolean(state.app_home.messages_tab_read_only_enabled));
  if (home) part("newer").hidden = true;
  if (home) drawHome();
  else {
    homeAsked = "";
    drawMessages();
  }
}

function drawHome() {
  if (homeAsked !== state.me) {
    homeAsked = state.me;
    perform({ do: "home" }).then((shown) => shown && notice(`App Home did not load: ${shown}`))
      .catch((error) => notice(error.message));
  }
  const view = state.home;
  const from = JSON.stringify([view, state.me]);
  if (from === drawnHome) return;
  drawnHome = from;
  const scene = view && { place: { kind: "home", view: view.id }, values: view.state.values, drafts: {} };
  reconcile(part("home"), view ? [h("div", { class: "home-body", key: "home" }, blocks(scene, view.blocks))]
    : [h("p", { class: "empty", key: "empty" }, "The app has published nothing here yet.")]);
}

function drawMessages() {
  const scroller = part("scroller");
  const root = part("messages");
  const where = `${state.me}:${ui.channel}`;
  const arrived = root.dataset.place !== where || ui.moved;
  const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
  if (root.dataset.place !== where) root.replaceChildren();
  root.dataset.place = where;
  root.dataset.name = title();
  ui.moved = false;
  drawChannel(root, ui.channel);
  drawComposer(part("composer"), { channel: ui.channel, name: title() });
  if (ui.target) toTarget();
  else if (arrived || below) scroller.scrollTop = scroller.scrollHeight;
  heed(where, arrived || below);
}

// Marks what was seen, says what is new, and offers the way down where that is out of sight.
function heed(where, atEnd) {
  const last = messagesOf(ui.channel).filter((one) => !isReply(one) || one.broadcast).at(-1);
  const before = newest.get(where);
  if (last && before !== undefined && last.ts > before && last.user !== state.me) {
    announce(last);
    if (!atEnd) part("newer").hidden = false;
  }
  newest.set(where, last?.ts ?? "");
  if (atEnd) part("newer").hidden = true;
  ui.seen.set(where, last?.ts ?? "");
}

function toTarget() {
  const list = ui.thread ? [part("side"), part("messages")] : [part("messages")];
  setTimeout(() => {
    const node = list.map((root) => root.querySelector(`[data-ts="${CSS.escape(ui.target)}"]`)).find(Boolean);
    ui.target = "";
    if (!node) return notice("That message is not here any more.");
    node.scrollIntoView({ block: "center" });
    node.classList.add("pointed");
    node.tabIndex = 0;
    node.focus({ preventScroll: true });
    setTimeout(() => node.classList.remove("pointed"), 2500);
  });
}

function tellNotices() {
  const key = (one) => one.id;
  if (told === null || told.me !== state.me) {
    told = { me: state.me, last: Math.max(0, ...state.notices.map(key)) };
    return;
  }
  for (const one of state.notices.filter((each) => each.id > told.last)) notice(one.text);
  told.last = Math.max(told.last, ...state.notices.map(key));
}

// Addresses of messages stay on this page; all other links leave it alone.
function follow(event) {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || event.metaKey || event.ctrlKey || !goTo(anchor.href)) return;
  event.preventDefault();
  history.pushState(null, "", anchor.href);
  ui.moved = true;
  changed();
}

function start() {
  goTo(location.href);
  onChange(draw);
  document.addEventListener("click", follow);
  addEventListener("popstate", () => goTo(location.href) && changed());
  part("messages").addEventListener("keydown", walk);
  part("newer").addEventListener("click", () => {
    part("scroller").scrollTop = part("scroller").scrollHeight;
    part("newer").hidden = true;
  });
  part("scroller").addEventListener("scroll", ({ currentTarget }) => {
    if (currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < NEAR) part("newer").hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && ui.sidebar) {
      ui.sidebar = false;
      changed();
    }
  });
  refresh().then(() => {
    if (state.outside) showOutside();
    connect();
  }, () => notice("The page could not be loaded."));
  watchOutside(part("side"));
}

start();
