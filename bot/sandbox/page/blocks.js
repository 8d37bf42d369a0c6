// Block Kit's blocks as DOM nodes.

import { h, icon } from "./dom.js";
import { element, picture } from "./elements.js";
import { formatted } from "./dates.js";
import { me } from "./live.js";
import { channelLink, emoji, link, markdown, mention, mrkdwn, plainOf, textObject, withLines } from "./mrkdwn.js";

export function blocks(scene, list) {
  return list.map((block) => {
    const draw = DRAW[block.type];
    const node = draw ? draw(block, scene) : h("p", { class: "unknown" }, `${block.type} block`);
    node.classList.add("block");
    node.dataset.blockId = block.block_id ?? "";
    return node;
  });
}

const DRAW = {
  section, context, actions, input, table, alert,
  header: (block) => h("h3", { class: "header" }, plainOf(block.text)),
  divider: () => h("hr"),
  image: (block) => h("figure", { class: "image" },
    block.title ? h("figcaption", {}, plainOf(block.title)) : null, picture(block, "picture")),
  rich_text: (block) => h("div", { class: "text" }, block.elements.map(richPart)),
  markdown: (block) => h("div", { class: "text" }, markdown(block.text)),
};

function section(block, scene) {
  return h("div", { class: "section" },
    h("div", { class: "section-body" },
      block.text ? h("div", { class: "text" }, textObject(block.text)) : null,
      block.fields ? h("div", { class: "fields" },
        block.fields.map((one) => h("div", { class: "text" }, textObject(one)))) : null),
    block.accessory ? h("div", { class: "accessory" }, element(scene, block, block.accessory)) : null);
}

function context(block, scene) {
  return h("div", { class: "context" }, block.elements.map((one) => (one.type === "image"
    ? element(scene, block, one)
    : h("span", { class: "text" }, textObject(one)))));
}

function actions(block, scene) {
  return h("div", { class: "actions" }, block.elements.map((one) => element(scene, block, one)));
}

function input(block, scene) {
  const id = `field-${scene.place.view ?? scene.place.ts}-${block.block_id}`;
  const error = scene.errors?.[block.block_id];
  const hint = plainOf(block.hint);
  const told = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  const grouped = ["checkboxes", "radio_buttons"].includes(block.element.type);
  return h("div", { class: error ? "input wrong" : "input" },
    h("label", { id: `${id}-label`, for: grouped ? null : id }, plainOf(block.label),
      block.optional ? h("span", { class: "faint" }, " (optional)") : null),
    element(scene, block, block.element, {
      id, labelledBy: `${id}-label`, describedBy: told || null, invalid: Boolean(error), required: !block.optional,
    }),
    error ? h("p", { class: "error", id: `${id}-error`, role: "alert" }, icon("warn"), error) : null,
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null);
}

function alert(block) {
  return h("div", { class: `callout ${block.level ?? "default"}`, role: "note" },
    h("div", { class: "text" }, textObject(block.text)));
}

function table(block) {
  const settings = block.column_settings ?? [];
  const row = (cells, tag) => h("tr", {}, cells.map((cell, at) => h(tag, {
    class: `${settings[at]?.align ?? "left"} ${settings[at]?.is_wrapped ? "wrapped" : ""}`,
    scope: tag === "th" ? "col" : null,
  }, cellOf(cell))));
  const [head, ...rest] = block.rows;
  return h("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, rest.map((cells) => row(cells, "td")))));
}

function cellOf(cell) {
  if (cell.type === "rich_text") return cell.elements.map(richPart);
  return cell.type === "raw_number" ? (cell.text ?? String(cell.value)) : cell.text;
}

const PARTS = {
  rich_text_section: (part) => h("div", { class: "rich" }, part.elements.map(richInline)),
  rich_text_preformatted: (part) => h("pre", {}, part.elements.map(richInline)),
  rich_text_quote: (part) => h("blockquote", {}, part.elements.map(richInline)),
  rich_text_list: (part) => h(part.style === "ordered" ? "ol" : "ul",
    { class: `indent-${part.indent ?? 0}`, start: part.style === "ordered" ? (part.offset ?? 0) + 1 : null },
    part.elements.map((one) => h("li", {}, one.elements.map(richInline)))),
};

function richPart(part) {
  return PARTS[part.type]?.(part) ?? h("div", {}, part.type);
}

const INLINE = {
  text: (part) => withLines(part.text),
  link: (part) => link(part.url, part.text ?? part.url),
  user: (part) => mention(part.user_id),
  usergroup: () => h("span", { class: "mention" }, "@group"),
  channel: (part) => channelLink(part.channel_id),
  emoji: (part) => emoji(part.name),
  broadcast: (part) => h("span", { class: "mention loud" }, `@${part.range}`),
  color: (part) => part.value,
  date: (part) => {
    const text = formatted(part.timestamp, part.format, me().tz);
    return part.url ? link(part.url, text) : h("time", { title: part.fallback }, text);
  },
};
const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u", highlight: "mark" };

function richInline(part) {
  let nodes = INLINE[part.type]?.(part) ?? part.type;
  for (const [style, tag] of Object.entries(STYLES)) if (part.style?.[style]) nodes = h(tag, {}, nodes);
  return nodes;
}

// What a message says: its blocks, else its text; then what is attached to it.
export function bodyOf(scene, message) {
  const main = message.blocks?.length
    ? blocks(scene, message.blocks)
    : [h("div", { class: "text block" }, mrkdwn(message.text))];
  const attached = (message.attachments ?? []).map((part) => {
    const node = h("div", { class: "attachment" }, part.blocks
      ? blocks(scene, part.blocks)
      : h("div", { class: "text" }, mrkdwn(part.text ?? part.fallback ?? "")));
    if (/^#[0-9a-f]{3,6}$/i.test(part.color ?? "")) node.style.borderColor = part.color;
    return node;
  });
  return [...main, ...attached];
}
