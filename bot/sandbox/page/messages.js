// The messages of a channel, and a thread beside it.

import { bodyOf } from "./blocks.js";
import { clock, dayLabel, dayOf, full } from "./dates.js";
import { h, icon, reconcile } from "./dom.js";
import { me, messagesOf, perform, person, state } from "./live.js";
import { emoji, mrkdwn, summary } from "./mrkdwn.js";
import { menu, notice } from "./overlay.js";
import { openThread, ui, dismiss } from "./ui.js";

const TOGETHER_SECONDS = 300;

export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

// Draws what a channel shows: all but the replies that were not sent to the channel too.
export function drawChannel(root, channel) {
  const shown = messagesOf(channel).filter(
    (message) => (!isReply(message) || message.broadcast) && !ui.dismissed.has(message.ts),
  );
  root.setAttribute("aria-label", `Messages in ${root.dataset.name}`);
  reconcile(root, shown.length ? rows(root, shown) : [empty()]);
  const articles = [...root.querySelectorAll("article")];
  if (!articles.some((node) => node.tabIndex === 0) && articles.length) articles.at(-1).tabIndex = 0;
}

function empty() {
  return h("p", { class: "empty", key: "empty" }, "Nothing here yet. Alerts appear as email bounces.");
}

function rows(root, shown) {
  const known = new Map([...root.children].map((node) => [node.$key, node]));
  const { tz } = me();
  let previous = null;
  return shown.flatMap((message) => {
    const day = dayOf(Number(message.ts), tz);
    const divider = previous && dayOf(Number(previous.ts), tz) === day
      ? [] : [h("h2", { class: "day", key: `day-${day}` }, h("span", {}, dayLabel(Number(message.ts), tz)))];
    const compact = !divider.length && goesOn(previous, message);
    previous = message;
    return [...divider, cached(known.get(message.ts), message, { compact })];
  });
}

function goesOn(previous, message) {
  return Boolean(previous) && previous.user === message.user && !message.blocks && !previous.blocks
    && !message.ephemeral && !previous.ephemeral && !message.broadcast && !previous.reply_count
    && Number(message.ts) - Number(previous.ts) < TOGETHER_SECONDS;
}

// Draws a message only if it changed since; the node that is there says what it was drawn from.
function cached(node, message, how) {
  const around = JSON.stringify([how, state.me, parentText(message)]);
  if (node?.$message === message && node.$around === around) return node;
  const fresh = article(message, how);
  for (const one of [node, fresh].filter(Boolean)) Object.assign(one, { $message: message, $around: around });
  return fresh;
}

function parentText(message) {
  if (!message.broadcast) return "";
  const parent = state.messages.get(message.channel)?.get(message.thread_ts);
  return parent ? summary(parent.text) : "";
}

function article(message, { compact = false, inThread = false } = {}) {
  const author = person(message.user) ?? { id: message.user, real_name: message.user };
  const classes = ["message", compact && "compact", message.ephemeral && "ephemeral"].filter(Boolean);
  const scene = { place: { kind: "message", channel: message.channel, ts: message.ts }, values: message.chosen };
  return h("article", {
    class: classes.join(" "), key: message.ts, "data-ts": message.ts, "data-channel": message.channel,
    tabindex: "-1", "aria-label": `${author.real_name}, ${stamp(message)}`,
  },
  compact ? h("span", { class: "gutter faint", "aria-hidden": "true" }, stamp(message)) : avatar(author),
  h("div", { class: "message-body" },
    message.ephemeral ? onlyYou(message) : null,
    message.broadcast && !inThread ? repliedTo(message) : null,
    compact ? null : byline(author, message),
    h("div", { class: "content" }, bodyOf(scene, message), edited(message)),
    (message.files ?? []).map(file),
    reactions(message),
    inThread ? null : threadLink(message)),
  message.ephemeral ? null : tools(message, inThread));
}

function stamp(message) {
  return clock(Number(message.ts), me().tz);
}

export function avatar(user, size = "") {
  if (user.id === state.bot.id) {
    return h("img", { class: `avatar ${size}`, src: "/page/icon.svg", alt: "" });
  }
  const tint = Math.max(0, state.users.findIndex((one) => one.id === user.id)) % 5;
  return h("span", { class: `avatar person tint-${tint} ${size}`, "aria-hidden": "true" },
    (user.real_name || user.id).slice(0, 1).toUpperCase());
}

function byline(author, message) {
  return h("div", { class: "byline" }, h("strong", {}, author.real_name),
    author.id === state.bot.id ? h("span", { class: "tag" }, "App") : null,
    h("a", {
      class: "stamp", href: permalink(message), title: full(Number(message.ts), me().tz),
    }, h("time", { datetime: new Date(Number(message.ts) * 1000).toISOString() }, stamp(message))));
}

function permalink(message) {
  const thread = isReply(message) ? `?thread_ts=${message.thread_ts}&cid=${message.channel}` : "";
  return `${location.origin}/archives/${message.channel}/p${message.ts.replace(".", "")}${thread}`;
}

function onlyYou(message) {
  return h("div", { class: "only-you" }, icon("eye"), "Only visible to you",
    h("button", { type: "button", class: "link", on: { click: () => dismiss(message.ts) } }, "Dismiss"));
}

function repliedTo(message) {
  const open = () => openThread(message.channel, message.thread_ts);
  return h("div", { class: "replied-to" }, "replied to ",
    h("button", { type: "button", class: "link", on: { click: open } }, parentText(message) || "a thread"));
}

function edited(message) {
  return message.edited ? h("span", { class: "faint edited" }, "(edited)") : null;
}

function file(one) {
  return h("div", { class: "file", "data-file": one.id }, icon("clip"),
    h("div", { class: "file-text" }, h("strong", {}, one.title), h("span", { class: "faint" }, size(one.size))),
    h("a", { class: "btn small", href: one.url_private, download: one.name, "aria-label": `Download ${one.title}` },
      icon("download"), "Download"));
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function reactions(message) {
  if (!message.reactions) return null;
  return h("div", { class: "reactions" }, message.reactions.map((one) => h("span", {
    class: "reaction", title: one.users.map((id) => person(id)?.real_name ?? id).join(", "),
    "aria-label": `${one.count} × ${one.name}`,
  }, `${emoji(one.name)} ${one.count}`)));
}

function threadLink(message) {
  if (!message.reply_count) return null;
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  const open = () => openThread(message.channel, message.ts);
  return h("button", { type: "button", class: "thread-link", "data-thread": message.ts, on: { click: open } },
    (message.reply_users ?? []).slice(0, 3).map((id) => avatar(person(id) ?? { id }, "tiny")),
    h("span", {}, count),
    h("span", { class: "faint" }, `last at ${clock(Number(message.latest_reply), me().tz)}`));
}

function tools(message, inThread) {
  const thread = () => openThread(message.channel, message.thread_ts ?? message.ts);
  return h("div", { class: "tools", role: "group", "aria-label": "Message actions" },
    inThread ? null : h("button", {
      type: "button", class: "plain", "aria-label": "Reply in thread", title: "Reply in thread", on: { click: thread },
    }, icon("reply")),
    h("button", {
      type: "button", class: "plain", "aria-label": "More message shortcuts", title: "More message shortcuts",
      "aria-haspopup": "menu", "aria-expanded": "false",
      on: { click: ({ currentTarget }) => shortcuts(currentTarget, message) },
    }, icon("more")));
}

function shortcuts(anchor, message) {
  const own = state.shortcuts.filter((one) => one.type === "message");
  const items = [
    { label: "Copy link to message", value: "" },
    ...(own.length ? [{ heading: state.bot.name }] : []),
    ...own.map((one) => ({ label: one.name, description: one.description, value: one.callback_id })),
  ];
  menu(anchor, "Message shortcuts", items, (callback) => {
    if (!callback) navigator.clipboard?.writeText(permalink(message)).catch(() => notice(permalink(message)));
    else perform({ do: "shortcut", callback_id: callback, channel: message.channel, ts: message.ts })
      .catch((error) => notice(error.message));
  });
}

// Draws a thread: the message, how many replies, the replies; ephemeral ones of this person too.
export function drawThread(root, { channel, ts }) {
  const parent = state.messages.get(channel)?.get(ts);
  const known = new Map([...root.children].map((node) => [node.$key, node]));
  const replies = messagesOf(channel).filter(
    (message) => isReply(message) && message.thread_ts === ts && !ui.dismissed.has(message.ts),
  );
  const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  const draw = (message) => cached(known.get(message.ts), message, { inThread: true });
  reconcile(root, [
    parent ? draw(parent) : h("p", { class: "empty", key: "gone" }, "This message was deleted."),
    h("h3", { class: "count", key: "count" }, h("span", {}, count)),
    ...replies.map(draw),
  ]);
}

// Moves through the messages with the arrow keys, as through a feed.
export function walk(event) {
  const at = event.target.closest?.("article");
  if (!at || event.target !== at || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  const all = [...event.currentTarget.querySelectorAll("article")];
  const from = all.indexOf(at);
  const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: all.length - 1 }[event.key];
  const next = all[Math.max(0, Math.min(to, all.length - 1))];
  event.preventDefault();
  at.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

// Says new messages to screen readers: by their text, as Slack's notifications do.
export function announce(message) {
  const author = person(message.user)?.real_name ?? "";
  const line = message.text ? mrkdwn(message.text).map((node) => node.textContent).join(" ") : "";
  document.getElementById("announcer").textContent = `${author}: ${line.slice(0, 300)}`;
}
