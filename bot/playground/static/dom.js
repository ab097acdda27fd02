// The one way to make elements: text is always text, so nothing that anybody writes becomes markup.

export const byId = id => document.getElementById(id);

export function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  const shown = children.flat(Infinity).filter(each => each !== null && each !== undefined && each !== false);
  made.append(...shown);
  return made;
}

export function letterFace(name, letter = [...name][0] || "?") {
  let hue = 0;
  for (const character of name) hue = (hue * 31 + character.codePointAt(0)) % 360;
  return element("span", { className: "face", style: `--hue: ${hue}`, "aria-hidden": "true" }, letter);
}

// What went wrong: in the open dialog, which is above all else, or at the bottom of the page.
export function toast(text) {
  const inside = byId("dialog").open && byId("dialog").querySelector(".problem");
  if (inside) { inside.textContent = text; return; }
  byId("toast").textContent = text;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { byId("toast").textContent = ""; }, 8000);
}

export function dialog(title, content, submit) {
  const shown = byId("dialog"), problem = element("p", { className: "problem", role: "alert" });
  const send = element("button", { className: "button primary" }, "Submit");
  const form = element("form", {
    onsubmit: async event => {
      event.preventDefault();
      problem.textContent = "";
      send.disabled = true;
      send.textContent = "One moment…";
      await submit(() => shown.close());
      send.disabled = false;
      send.textContent = "Submit";
    },
  }, element("h2", {}, title), content, problem, element("div", { className: "buttons" },
    element("button", { type: "button", className: "button", onclick: () => shown.close() }, "Cancel"), send));
  shown.replaceChildren(form);
  shown.setAttribute("aria-label", title);
  if (!shown.open) shown.showModal();
}
