// Block Kit's interactive elements. `scene` says where they stand: {place, values, errors, drafts}.

import { h, icon } from "./dom.js";
import { clock, dayLabel, fromUnix, toUnix } from "./dates.js";
import { me, perform, state } from "./live.js";
import { plainOf, textObject } from "./mrkdwn.js";
import { checklist, confirmed, menu, notice } from "./overlay.js";

export function element(scene, block, what, extra = {}) {
  const draw = DRAW[what.type];
  return draw ? draw({ scene, block, what, extra }) : h("span", { class: "unknown" }, what.type);
}

const DRAW = {
  button, overflow, image,
  static_select: (spot) => select(spot, groupsOf(spot.what), initialOf(spot, "selected_option")?.value),
  users_select: (spot) => select(spot, people(), initialOf(spot, "selected_user")),
  multi_static_select: (spot) =>
    multi(spot, groupsOf(spot.what), (initialOf(spot, "selected_options") ?? []).map((one) => one.value)),
  multi_users_select: (spot) => multi(spot, people(), initialOf(spot, "selected_users") ?? []),
  checkboxes: (spot) =>
    ticks(spot, "checkbox", (initialOf(spot, "selected_options") ?? []).map((one) => one.value)),
  radio_buttons: (spot) => ticks(spot, "radio", [initialOf(spot, "selected_option")?.value]),
  datepicker: (spot) => picker(spot, "date", initialOf(spot, "selected_date")),
  timepicker: (spot) => picker(spot, "time", initialOf(spot, "selected_time")),
  datetimepicker: moment,
  plain_text_input: text,
  number_input: (spot) => text(spot, { inputmode: "decimal" }),
  email_text_input: (spot) => text(spot, { type: "email", autocomplete: "off" }),
  url_text_input: (spot) => text(spot, { type: "url" }),
};

// Every element tells the bot when it is used, except the fields of a form, which wait for its end.
function tells(spot) {
  return spot.block.type !== "input" || Boolean(spot.block.dispatch_action);
}

function hooks({ scene, block, what, extra }) {
  return {
    "data-action-id": what.action_id,
    "data-block-id": block.block_id,
    key: `${extra.key ?? ""}${what.type}:${what.action_id}:${what.type === "button" ? (what.value ?? "") : ""}`,
    act: (node, value) => act({ scene, block, what }, node, value),
  };
}

function field(spot) {
  const { extra, what } = spot;
  return {
    ...hooks(spot),
    id: extra.id, "aria-describedby": extra.describedBy, "aria-invalid": extra.invalid ? "true" : null,
    "aria-label": extra.id ? null : plainOf(what.placeholder) || what.action_id.replaceAll("_", " "),
    "aria-required": extra.required ? "true" : null,
    "data-focus": what.focus_on_load ? "" : null,
  };
}

function initialOf({ scene, block, what }, key) {
  const draft = scene.drafts?.[block.block_id]?.[what.action_id];
  if (draft !== undefined) return asState(what, key, draft);
  const kept = scene.values?.[block.block_id]?.[what.action_id];
  return kept ? kept[key] : what[key.replace("selected_", "initial_")] ?? what.initial_value;
}

function asState(what, key, draft) {
  if (key === "selected_option") return optionsOf(what).find((one) => one.value === draft);
  if (key === "selected_options") return optionsOf(what).filter((one) => draft?.includes(one.value));
  return draft;
}

function optionsOf(what) {
  return [...(what.options ?? []), ...(what.option_groups ?? []).flatMap((group) => group.options)];
}

function groupsOf(what) {
  return what.option_groups ?? [{ options: what.options ?? [] }];
}

function people() {
  return [{ options: state.users.map((user) => ({ text: { text: user.real_name }, value: user.id })) }];
}

async function act({ scene, block, what }, node, value) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  try {
    await perform({
      ...wishOf(scene), action_id: what.action_id, block_id: block.block_id, value: value ?? null,
    });
  } catch (error) {
    notice(error.message);
  } finally {
    node.removeAttribute("aria-busy");
  }
}

function wishOf({ place, drafts }) {
  if (place.ts) return { do: "click", channel: place.channel, ts: place.ts };
  return { do: "click_view", where: place.kind, entries: drafts ?? {} };
}

// Asks first where the element asks for it; what is sent is as drawn last, not as at the click.
async function use(node, what, value) {
  if (what.confirm && !(await confirmed(what.confirm))) return false;
  await node.$act(node, value);
  return true;
}

function enter(spot, node, value) {
  const { scene, block, what } = spot;
  if (scene.drafts) (scene.drafts[block.block_id] ??= {})[what.action_id] = value;
  if (tells(spot)) use(node, what, value);
}

function button(spot) {
  const { what } = spot;
  if (what.visible_to_user_ids && !what.visible_to_user_ids.includes(state.me)) return null;
  return h("button", {
    ...hooks(spot), type: "button", class: `btn ${what.style ?? ""}`, "data-value": what.value,
    "aria-label": what.accessibility_label,
    on: {
      click: async ({ currentTarget }) => {
        if (what.url) window.open(what.url, "_blank", "noopener");
        await use(currentTarget, what, what.value);
      },
    },
  }, h("span", {}, plainOf(what.text)));
}

function overflow(spot) {
  const { what } = spot;
  const items = what.options.map((option) => ({
    label: plainOf(option.text), description: plainOf(option.description), value: option.value, url: option.url,
  }));
  const open = ({ currentTarget }) => menu(currentTarget, "More actions", items, (value, item) => {
    if (item.url) window.open(item.url, "_blank", "noopener");
    use(currentTarget, what, value);
  });
  return h("button", {
    ...hooks(spot), type: "button", class: "btn square", "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": "More actions", on: { click: open },
  }, icon("more"));
}

function image({ what }) {
  return picture(what, "thumb");
}

// Pictures of other servers are not fetched: their text stands for them.
export function picture(what, kind) {
  const own = what.image_url?.startsWith("data:") || what.image_url?.startsWith(`${location.origin}/`);
  if (own) return h("img", { class: kind, src: what.image_url, alt: what.alt_text });
  return h("span", { class: `${kind} absent`, role: "img", "aria-label": what.alt_text, title: what.alt_text },
    kind === "thumb" ? icon("clip") : what.alt_text);
}

function select(spot, groups, chosen) {
  const { what } = spot;
  const option = (one) =>
    h("option", { value: one.value, selected: one.value === chosen }, plainOf(one.text));
  const listed = groups.map((group) => (group.label
    ? h("optgroup", { label: plainOf(group.label) }, group.options.map(option))
    : group.options.map(option)));
  const change = async ({ currentTarget }) => enter(spot, currentTarget, currentTarget.value || null);
  return h("select", { ...field(spot), class: "field select", on: { change } },
    h("option", { value: "", selected: !chosen }, plainOf(what.placeholder) || "Choose an option"), listed);
}

function multi(spot, groups, chosen) {
  const { what } = spot;
  const options = groups.flatMap((group) => group.options);
  const named = options.filter((one) => chosen.includes(one.value)).map((one) => plainOf(one.text));
  const label = plainOf(what.placeholder) || "Choose options";
  const open = ({ currentTarget }) => checklist(currentTarget, label, options, chosen, {
    most: what.max_selected_items,
    done: (values) => {
      enter(spot, currentTarget, values);
      spot.scene.redraw?.();
    },
  });
  return h("button", {
    ...field(spot), type: "button", class: "field select", "aria-haspopup": "true", "aria-expanded": "false",
    on: { click: open },
  }, named.length ? named.join(", ") : h("span", { class: "faint" }, label));
}

function ticks(spot, type, chosen) {
  const { what, block, scene, extra } = spot;
  const name = `${scene.place.ts ?? scene.place.view}:${block.block_id}:${what.action_id}`;
  const change = ({ currentTarget }) => {
    const values = [...currentTarget.querySelectorAll("input:checked")].map((box) => box.value);
    enter(spot, currentTarget, type === "radio" ? (values[0] ?? null) : values);
  };
  return h("div", {
    ...field(spot), class: "ticks", role: type === "radio" ? "radiogroup" : "group",
    "aria-labelledby": extra.labelledBy, "aria-label": extra.labelledBy ? null : what.action_id.replaceAll("_", " "),
    on: { change },
  }, what.options.map((option) => h("label", { class: "tick" },
    h("input", { type, name, value: option.value, checked: chosen.includes(option.value) }),
    h("span", { class: "text" }, textObject(option.text),
      option.description ? h("span", { class: "tick-more" }, textObject(option.description)) : null))));
}

function picker(spot, type, value) {
  const change = ({ currentTarget }) => enter(spot, currentTarget, currentTarget.value || null);
  return h("input", { ...field(spot), type, class: "field moment", value: value ?? "", on: { change } });
}

function moment(spot) {
  const { tz } = me();
  const unix = initialOf(spot, "selected_date_time");
  const first = unix ? fromUnix(Number(unix), tz) : { date: "", time: "" };
  const change = ({ currentTarget }) => {
    const [day, time] = currentTarget.querySelectorAll("input");
    const at = toUnix(day.value, time.value, tz);
    currentTarget.querySelector("output").textContent = described(at, tz);
    enter(spot, currentTarget, at);
  };
  const { id, ...shared } = field(spot);
  return h("div", { ...shared, class: "moments", role: "group", "aria-labelledby": spot.extra.labelledBy, on: { change } },
    h("input", { id, type: "date", class: "field moment", value: first.date, "aria-label": "Date" }),
    h("input", { type: "time", class: "field moment", value: first.time, "aria-label": "Time" }),
    h("output", { class: "faint" }, described(unix, tz)));
}

function described(unix, tz) {
  return unix ? `${dayLabel(unix, tz)}, ${clock(unix, tz)} (${tz.replaceAll("_", " ")})` : tz.replaceAll("_", " ");
}

function text(spot, more = {}) {
  const { what } = spot;
  const value = initialOf(spot, "value") ?? "";
  const { scene, block } = spot;
  const input = ({ currentTarget }) => {
    if (scene.drafts) (scene.drafts[block.block_id] ??= {})[what.action_id] = currentTarget.value;
  };
  const keydown = (event) => {
    if (event.key !== "Enter" || what.multiline || !tells(spot)) return;
    event.preventDefault();
    use(event.currentTarget, what, event.currentTarget.value);
  };
  const props = {
    ...field(spot), class: "field", placeholder: plainOf(what.placeholder) || null,
    maxlength: what.max_length, on: { input, keydown },
  };
  if (what.multiline) return h("textarea", { ...props, rows: "4" }, value);
  return h("input", { type: "text", ...props, ...more, value });
}
