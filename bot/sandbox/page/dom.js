// Builds DOM trees and merges a new tree into the one that is shown, so that focus, typed text,
// open menus and scroll positions survive an update. Text goes in as text nodes only.

const SVG = "http://www.w3.org/2000/svg";
const USED = new Set(["open", "aria-expanded", "aria-busy", "aria-activedescendant"]);

export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") listen(node, value);
    else if (name === "key") node.$key = value;
    else if (name === "act") node.$act = value;
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, String(value));
  }
  node.append(...flat(children));
  return node;
}

export function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function fragment(...children) {
  const node = document.createDocumentFragment();
  node.append(...flat(children));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  for (const line of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}

const ICONS = {
  bot: ["M3 5.5h14v9H3z", "M3 6l7 5.5L17 6"],
  clip: ["M6 3h6l4 4v10H6z", "M12 3v4h4"],
  close: ["M5 5l10 10", "M15 5L5 15"],
  back: ["M12 4l-6 6 6 6"],
  down: ["M5 8l5 5 5-5"],
  download: ["M10 3v9", "M6 9l4 4 4-4", "M4 16.5h12"],
  eye: ["M2.5 10S5.5 5 10 5s7.5 5 7.5 5-3 5-7.5 5-7.5-5-7.5-5z", "M10 8a2 2 0 100 4 2 2 0 000-4z"],
  home: ["M3.5 9.5L10 4l6.5 5.5", "M5.5 8.5V16h9V8.5"],
  menu: ["M3 6h14", "M3 10h14", "M3 14h14"],
  more: ["M4.5 10h.01", "M10 10h.01", "M15.5 10h.01"],
  outside: ["M3 5h14v10H3z", "M12.5 5v10"],
  plus: ["M10 4v12", "M4 10h12"],
  reply: ["M3.5 4.5h13v9H9l-3.5 3v-3h-2z"],
  send: ["M3.5 10L16.5 4l-4 12.5-2.7-5z", "M9.8 11.5L16.5 4"],
  warn: ["M10 3.5l7.5 13h-15z", "M10 8.5v3.5", "M10 14.2h.01"],
};

function listen(node, handlers) {
  node.$on = { ...node.$on };
  for (const [type, handler] of Object.entries(handlers)) {
    if (!(type in node.$on)) node.addEventListener(type, dispatch);
    node.$on[type] = handler;
  }
}

function dispatch(event) {
  return event.currentTarget.$on[event.type]?.(event);
}

// Makes `old` look like `fresh` and returns the node that is in the document afterwards.
export function morph(old, fresh) {
  if (old === fresh) return old;
  if (old.nodeName !== fresh.nodeName || old.$key !== fresh.$key) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return old;
  }
  matchAttributes(old, fresh);
  if (fresh.$on) listen(old, fresh.$on);
  old.$act = fresh.$act;
  if (old.namespaceURI === SVG) old.replaceChildren(...fresh.childNodes);
  else reconcile(old, [...fresh.childNodes]);
  return old;
}

function matchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !stays(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !(stays(old, name) && old.hasAttribute(name))) {
      old.setAttribute(name, value);
    }
  }
}

// What is set on a node while it is used, and not by drawing: open menus, elements that wait.
function stays(node, name) {
  return USED.has(name) && (name !== "aria-busy" || "actionId" in node.dataset);
}

// Makes the children of `parent` these nodes; those with a key keep their place in the document.
export function reconcile(parent, fresh) {
  const wanted = new Set(fresh.map((node) => node.$key));
  const keyed = new Map();
  for (const child of [...parent.childNodes]) {
    if (child.$key === undefined) continue;
    if (wanted.has(child.$key)) keyed.set(child.$key, child);
    else child.remove();
  }
  let cursor = parent.firstChild;
  for (const node of fresh) {
    const match = node.$key === undefined ? plainMatch(cursor, node) : keyed.get(node.$key);
    const next = cursor?.nextSibling ?? null;
    if (match && match === cursor) {
      morph(match, node);
      cursor = next;
    } else {
      parent.insertBefore(match ? morph(match, node) : node, cursor);
    }
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

function plainMatch(cursor, node) {
  return cursor && cursor.$key === undefined && cursor.nodeName === node.nodeName ? cursor : null;
}

// Runs an update and gives the focus back where the update took the focused node away.
export function keepingFocus(update) {
  const before = document.activeElement;
  const where = before?.closest("[data-ts], [data-view]");
  const action = before?.dataset?.actionId;
  update();
  if (!where || !action || before.isConnected) return;
  const again = [...document.querySelectorAll("[data-action-id]")].filter((node) => {
    const place = node.closest("[data-ts], [data-view]");
    return (
      node.dataset.actionId === action &&
      place?.dataset.ts === where.dataset.ts &&
      place?.dataset.view === where.dataset.view
    );
  });
  (again.find((node) => node.dataset.value === before.dataset.value) ?? again[0])?.focus();
}
