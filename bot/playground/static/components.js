// Embeds, components of messages, and forms.

import { byId, dialog, element } from "./dom.js";
import { act, state, upload } from "./connection.js";
import { markdown } from "./markdown.js";

let toEnd = () => {};
export function onAct(action) { toEnd = action; }

const color = number => `#${number.toString(16).padStart(6, "0")}`;

export function embed(each) {
  return element("article", { className: "embed", style: each.color ? `--accent: ${color(each.color)}` : null },
    each.thumbnail && element("img", { className: "thumbnail", src: each.thumbnail.url, alt: "" }),
    each.author && element("div", { className: "author" }, each.author.name),
    each.title && element("div", { className: "title" }, markdown(each.title)),
    each.description && element("div", { className: "text" }, markdown(each.description)),
    each.fields?.length && element("dl", {}, each.fields.map(field => element("div", { className: field.inline ? "inline" : "" },
      element("dt", {}, markdown(field.name)), element("dd", { className: "text" }, markdown(field.value))))),
    each.image && element("img", { className: "picture", src: each.image.url, alt: "" }),
    each.footer && element("footer", {}, each.footer.text));
}

export function attachment(file) {
  const type = file.content_type || "";
  if (type.startsWith("image/")) return picture(file.url, file.description || file.filename);
  if (type.startsWith("audio/")) return element("audio", { controls: true, src: file.url });
  if (type.startsWith("video/")) return element("video", { controls: true, src: file.url });
  const size = file.size > 1e6 ? `${(file.size / 1e6).toFixed(1)} MB` : `${Math.ceil(file.size / 1000)} kB`;
  return element("a", { className: "file", href: file.url, download: file.filename }, `📄 ${file.filename} · ${size}`);
}

function picture(url, alt) {
  return element("a", { href: url, target: "_blank", rel: "noreferrer" }, element("img", { className: "picture", src: url, alt: alt || "", loading: "lazy" }));
}

export function component(each, at) {
  const inner = () => (each.components || []).map(child => component(child, at));
  switch (each.type) {
    case 1: return element("div", { className: "row" }, inner());
    case 2: return button(each, at);
    case 3: case 5: case 6: case 7: case 8: return select(each, at);
    case 9: return element("div", { className: "section" }, element("div", {}, inner()), component(each.accessory, at));
    case 10: return element("div", { className: "text" }, markdown(each.content));
    case 11: return element("img", { className: "thumbnail", src: each.media.url, alt: each.description || "" });
    case 12: return element("div", { className: "gallery" }, each.items.map(item => picture(item.media.url, item.description)));
    case 13: return element("a", { className: "file", href: each.file.url, download: each.name || "" }, `📄 ${each.name || "A file"}`);
    case 14: return element("hr", { className: each.divider === false ? "space" : "" });
    case 17: return element("div", { className: "container", style: each.accent_color ? `--accent: ${color(each.accent_color)}` : null }, inner());
    default: return element("small", {}, `(a component of type ${each.type})`);
  }
}

function button(each, at) {
  const emoji = each.emoji?.id ? element("img", { className: "emoji", src: `emojis/${each.emoji.id}.png`, alt: each.emoji.name }) : each.emoji?.name;
  const label = [emoji, emoji && each.label ? " " : null, each.label];
  if (each.url) return element("a", { className: "button", href: each.url, target: "_blank", rel: "noreferrer" }, label);
  const made = element("button", { type: "button", className: `button style${each.style}`, disabled: !!each.disabled }, label);
  made.addEventListener("click", () => {
    made.disabled = true;
    toEnd();
    act("click", { ...at, custom: each.custom_id }).catch(() => {}).finally(() => { made.disabled = !!each.disabled; });
  });
  return made;
}

const entities = type => ({
  5: state.members, 6: state.roles, 7: [...state.members, ...state.roles],
  8: state.channels.filter(channel => channel.type !== 1),
})[type];

function choice(each) {
  const isMany = (each.max_values ?? 1) > 1;
  const options = entities(each.type)?.map(entity => ({ value: entity.id, label: entity.name })) || each.options || [];
  return element("select", { multiple: isMany, size: isMany ? Math.min(options.length, 8) : 1, "aria-label": each.placeholder || "Choose" },
    isMany ? null : element("option", { value: "" }, each.placeholder || "Choose…"),
    options.map(option => element("option", { value: option.value, selected: !!option.default, title: option.description }, option.description ? `${option.label} – ${option.description}` : option.label)));
}

const chosen = made => [...made.selectedOptions].map(option => option.value).filter(Boolean);

function select(each, at) {
  const made = choice(each);
  made.disabled = !!each.disabled;
  const send = () => chosen(made).length && act("select", { ...at, custom: each.custom_id, kind: each.type, values: chosen(made) }).catch(() => {});
  if (!made.multiple) { made.addEventListener("change", send); return made; }
  return element("div", { className: "row" }, made, element("button", { type: "button", className: "button", onclick: send }, "Choose"));
}

// A field of a form: its element, and what is read from it.
function field(each) {
  switch (each.type) {
    case 4: {
      const made = element(each.style === 2 ? "textarea" : "input", {
        value: each.value || "", placeholder: each.placeholder || "", required: each.required !== false,
        maxLength: each.max_length ?? 4000, minLength: each.min_length ?? 0,
      });
      if (each.style === 2) made.rows = 5;
      return [made, () => made.value];
    }
    case 19: {
      const made = element("input", { type: "file", multiple: (each.max_values ?? 1) > 1, required: each.required !== false && (each.min_values ?? 1) > 0 });
      return [made, async () => upload(made.files)];
    }
    case 21: case 22: return boxes(each);
    case 23: {
      const made = element("input", { type: "checkbox", checked: !!each.default });
      return [made, () => made.checked];
    }
    default: {
      const made = choice(each);
      made.required = each.required !== false && (each.min_values ?? 1) > 0;
      return [made, () => chosen(made)];
    }
  }
}

function boxes(each) {
  const type = each.type === 21 ? "radio" : "checkbox";
  const inputs = each.options.map(option => element("input", { type, name: each.custom_id, value: option.value, checked: !!option.default }));
  const made = element("div", { className: "boxes", role: type === "radio" ? "radiogroup" : "group" }, each.options.map((option, index) =>
    element("label", {}, inputs[index], " ", option.label, option.description && element("small", {}, option.description))));
  const values = () => inputs.filter(input => input.checked).map(input => input.value);
  return [made, () => type === "radio" ? values()[0] : values()];
}

export function form(id, shown) {
  const readers = [];
  const rows = shown.components.map(each => {
    if (each.type === 10) return element("div", { className: "text" }, markdown(each.content || ""));
    const inner = each.type === 18 ? each.component : each.components[0];
    const [made, read] = field(inner);
    readers.push([inner, read]);
    const isGroup = made.classList.contains("boxes");
    return element(isGroup ? "fieldset" : "label", {}, element(isGroup ? "legend" : "span", {}, each.label || inner.label || ""),
      each.description && element("small", {}, each.description), made);
  });
  dialog(shown.title, rows, async close => {
    const values = {};
    for (const [inner, read] of readers) {
      const value = await read();
      const isEmpty = value === undefined || (Array.isArray(value) && !value.length && inner.type !== 22);
      if (!isEmpty) values[inner.custom_id] = value;
    }
    act("submit", { form: id, values }).then(close, () => {}); // a refused form keeps what was typed
  });
  byId("dialog").querySelector("input, textarea, select")?.focus();
}
