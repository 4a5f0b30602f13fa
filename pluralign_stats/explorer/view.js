// The explorer's controls: plain HTML, so that labels, keyboard and screen readers work as known.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// JupyterLab's shortcuts would take arrow keys and letters from what has the focus without this.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function control({ label }, changed) {
  const select = make("select", OWN_KEYS);
  select.addEventListener("change", changed);
  return { select, row: make("label", {}, make("span", {}, label), select) };
}

function fill(select, { options, value, disabled }) {
  const wanted = JSON.stringify(options);
  if (select.dataset.options !== wanted) {
    select.replaceChildren(...options.map(([label, v]) => make("option", { value: v }, label)));
    select.dataset.options = wanted;
  }
  select.value = value;
  select.disabled = disabled;
}

function render({ model, el }) {
  const root = make("div", { class: "pluralign-explorer" });
  const selects = new Map();
  const ask = () => {
    model.set("asked", Object.fromEntries([...selects].map(([name, s]) => [name, s.value])));
    model.save_changes();
  };
  const groups = new Map();
  for (const one of model.get("controls")) {
    const { select, row } = control(one, ask);
    select.name = one.name;
    selects.set(one.name, select);
    if (!groups.has(one.group)) {
      groups.set(one.group, make("fieldset", {}, make("legend", {}, one.group)));
    }
    groups.get(one.group).append(row);
  }

  const bar = make("progress", { "aria-label": "Fitting the model" });
  const status = make("p", { role: "status", "aria-live": "polite" });
  const picture = make("div", { class: "jp-RenderedHTMLCommon" });
  const code = make("code");
  const block = make("pre", { ...OWN_KEYS, tabindex: 0, "aria-label": "Code of this picture" }, code);
  const copy = make("button", { ...OWN_KEYS, type: "button" }, "Copy code");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      status.textContent = "The code is in the clipboard.";
    } catch {
      getSelection().selectAllChildren(code);
      status.textContent = "The code is selected; copy it with Ctrl+C.";
    }
  });
  const save = make("button", { ...OWN_KEYS, type: "button" }, "Save picture and table");
  save.addEventListener("click", () => model.send({ do: "save" }));
  const buttons = make("p", {}, save, " ", copy);

  const show = {
    controls: (all) => all.forEach((one) => fill(selects.get(one.name), one)),
    fitting: (busy) => {
      bar.style.visibility = busy ? "visible" : "hidden";
      picture.style.opacity = busy ? 0.5 : 1;
      picture.setAttribute("aria-busy", busy);
    },
    status: (text) => (status.textContent = text),
    picture: (html) => (picture.innerHTML = html),
    code: (text) => {
      code.textContent = text;
      buttons.hidden = block.hidden = !text;
    },
  };
  const stops = Object.entries(show).map(([name, put]) => {
    const update = () => put(model.get(name));
    update();
    model.on(`change:${name}`, update);
    return () => model.off(`change:${name}`, update);
  });

  root.append(...groups.values(), bar, status, picture, buttons, block);
  el.append(root);
  return () => stops.forEach((stop) => stop());
}

export default { render };
