// Slack's mrkdwn to DOM nodes. What stands in <…> is the bot's own; all else is text.

import { h } from "./dom.js";
import { formatted } from "./dates.js";
import { me, person, state } from "./live.js";

const EMOJI = {
  alarm_clock: "⏰", arrow_right: "➡️", arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️",
  bar_chart: "📊", bell: "🔔", bulb: "💡", calendar: "📅", chart_with_downwards_trend: "📉",
  chart_with_upwards_trend: "📈", clock3: "🕒", construction: "🚧", email: "✉️", envelope: "✉️",
  eyes: "👀", exclamation: "❗", fire: "🔥", grey_question: "❔", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", inbox_tray: "📥", information_source: "ℹ️", large_blue_circle: "🔵",
  large_green_circle: "🟢", large_orange_circle: "🟠", large_red_circle: "🔴",
  large_yellow_circle: "🟡", link: "🔗", lock: "🔒", mag: "🔍", mailbox: "📫", memo: "📝",
  no_entry: "⛔", no_entry_sign: "🚫", outbox_tray: "📤", pause_button: "⏸️", question: "❓",
  red_circle: "🔴", repeat: "🔁", rotating_light: "🚨", rocket: "🚀", shield: "🛡️", stop_sign: "🛑",
  tada: "🎉", thinking_face: "🤔", thread: "🧵", ticket: "🎫", warning: "⚠️", wave: "👋",
  white_check_mark: "✅", white_circle: "⚪", heavy_check_mark: "✔️", x: "❌", zap: "⚡",
  "+1": "👍", thumbsup: "👍", "-1": "👎",
};

export function emoji(name) {
  return EMOJI[name] ?? `:${name}:`;
}

export function unescaped(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

export function mrkdwn(text, { verbatim = false } = {}) {
  const nodes = [];
  text.split(/```(?:\n)?([\s\S]*?)```/g).forEach((piece, index) => {
    if (index % 2) nodes.push(h("pre", {}, bare(piece.replace(/\n$/, ""))));
    else nodes.push(...paragraphs(index ? piece.replace(/^\n/, "") : piece, verbatim));
  });
  return nodes;
}

// A text object of Block Kit, as inline or block nodes.
export function textObject(object, options = {}) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, { verbatim: object.verbatim, ...options });
  return withLines(withEmoji(object.text));
}

export function plainOf(object) {
  if (!object) return "";
  return object.type === "mrkdwn" ? bare(object.text) : withEmoji(object.text);
}

function paragraphs(text, verbatim) {
  const nodes = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const quoted = [];
    while (at < lines.length && /^(>|&gt;)/.test(lines[at])) {
      quoted.push(lines[at].replace(/^(>|&gt;)(?!>>) ?/, ""));
      at += 1;
    }
    if (quoted.length) nodes.push(h("blockquote", {}, quoted.map((line) => lineOf(line, verbatim))));
    if (at >= lines.length) break;
    if (lines[at] || (at && at < lines.length - 1)) nodes.push(lineOf(lines[at], verbatim));
  }
  return nodes;
}

function lineOf(line, verbatim) {
  const [, marker, rest] = line.match(/^(\s*(?:[•◦▪–-]|\d+[.)]) )(.*)$/) ?? [];
  if (!marker) return h("span", { class: line ? "line" : "line empty" }, inline(line, verbatim));
  return h("span", { class: "line hang" }, h("span", {}, marker), h("span", {}, inline(rest, verbatim)));
}

export function withLines(text) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}

const STYLES = { "*": "strong", _: "em", "~": "s" };
const INLINE = new RegExp(
  [
    "<([^<>\\n]+)>",
    "`([^`\\n]+)`",
    "(?<![\\p{L}\\p{N}*_~])([*_~])(?=\\S)((?:(?!\\3)[^\\n])*?\\S)\\3(?![\\p{L}\\p{N}])",
    ":([a-z0-9_+-]+):",
    "(https?://[^\\s<>|]*[^\\s<>|.,;:!?)\\]'\"])",
  ].join("|"),
  "gu",
);

export function inline(text, verbatim = false) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, entity, code, mark, inner, name, url] = match;
    nodes.push(unescaped(text.slice(from, match.index)));
    from = match.index + whole.length;
    if (entity) nodes.push(reference(entity, match.index === 0));
    else if (code) nodes.push(h("code", {}, bare(code)));
    else if (mark) nodes.push(h(STYLES[mark], {}, inline(inner, verbatim)));
    else if (name) nodes.push(emoji(name));
    else if (url) nodes.push(verbatim ? unescaped(url) : link(unescaped(url), unescaped(url)));
  }
  nodes.push(unescaped(text.slice(from)));
  return nodes.filter((node) => node !== "");
}

export function link(address, label) {
  if (!/^(https?:|mailto:|tel:)/i.test(address)) return label;
  const own = address.startsWith(`${location.origin}/`);
  const props = own ? { href: address } : { href: address, target: "_blank", rel: "noopener noreferrer" };
  return h("a", props, label);
}

function reference(entity, first = false) {
  const [target, label] = cutAt(entity, "|");
  if (target.startsWith("@")) return mention(target.slice(1), label);
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!date^")) return date(target, label, first);
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, unescaped(label || "@group"));
  if (target.startsWith("!")) return h("span", { class: "mention loud" }, `@${target.slice(1)}`);
  return link(unescaped(target), unescaped(label || target.replace(/^mailto:/, "")));
}

function cutAt(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

export function mention(id, label = "") {
  const found = person(id);
  const mine = id === state.me ? "mention mine" : "mention";
  return h("span", { class: mine }, `@${found?.real_name || unescaped(label) || id}`);
}

export function channelLink(id, label = "") {
  const found = state.channels.find((channel) => channel.id === id);
  return h("span", { class: "mention" }, `#${found?.name ?? (unescaped(label) || id)}`);
}

function date(target, fallback, first) {
  const [, unix, format, address] = target.split("^");
  if (!/^-?\d+$/.test(unix) || !format) return unescaped(fallback);
  const text = formatted(Number(unix), unescaped(format), me().tz, first);
  const stamp = new Date(Number(unix) * 1000);
  const node = h("time", { datetime: stamp.toISOString(), title: unescaped(fallback) }, text);
  return address ? link(unescaped(address), node) : node;
}

// The text of mrkdwn without its links, for code and for one-line summaries.
export function bare(text) {
  const named = text.replace(/<([^<>\n]+)>/g, (whole, entity) => reference(entity).textContent ?? reference(entity));
  return unescaped(named);
}

// One line about a message, for thread headings and announcements.
export function summary(text, limit = 120) {
  const line = withEmoji(bare(text).replace(/[*_~`]+/g, "").replace(/\s+/g, " ")).trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

// Markdown blocks hold standard markdown: its common part is put into mrkdwn's words.
export function markdown(text) {
  const own = text
    .replace(/^#{1,6} +(.+)$/gm, "*$1*")
    .replace(/\*\*(.+?)\*\*/g, "*$1*")
    .replace(/\[([^\]\n]+)\]\((https?:[^)\s]+)\)/g, "<$2|$1>")
    .replace(/^(\s*)[-*] +/gm, "$1• ");
  return mrkdwn(own);
}
