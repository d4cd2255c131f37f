const element = (name, text, ...children) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
};

const table = (heads, rows) => element("table", "",
  element("tr", "", ...heads.map((head) => element("th", head))),
  ...rows.map((row) => element("tr", "", ...row.map((cell) => element("td", cell)))));

const kind = (schema = {}) => schema.$ref?.split("/").pop() ?? schema.type
  ?? (schema.anyOf ?? []).map(kind).join(" or ");

const resolved = (api, schema = {}) => (schema.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema);

const fields = (api, schema) => {
  const { properties = {}, required = [] } = resolved(api, schema);
  return table(["field", "type", "default", ""], Object.entries(properties).map(([name, field]) => [
    required.includes(name) ? `${name} (required)` : name, kind(field),
    field.default === undefined ? "" : JSON.stringify(field.default), field.description ?? "",
  ]));
};

const operation = (api, path, method, described) => {
  const shown = element("details", "", element("summary", "", element("code", `${method.toUpperCase()} ${path}`)));
  shown.append(element("p", described.description ?? described.summary));
  if (described.parameters?.length) {
    shown.append(table(["parameter", "in", "type", ""], described.parameters.map((parameter) => [
      parameter.name, parameter.in, kind(parameter.schema), parameter.description ?? "",
    ])));
  }
  for (const [type, { schema }] of Object.entries(described.requestBody?.content ?? {})) {
    shown.append(element("p", `Body: ${type}`), fields(api, schema));
    const settings = resolved(api, schema).properties?.settings;
    if (settings) shown.append(element("p", "settings, a JSON object:"), fields(api, settings));
  }
  for (const [status, answer] of Object.entries(described.responses)) {
    const schema = answer.content?.["application/json"]?.schema;
    shown.append(element("p", `${status}: ${answer.description}`));
    if (schema && resolved(api, schema).properties) shown.append(fields(api, schema));
  }
  return shown;
};

const api = await (await fetch(new URL("../v1/openapi.json", import.meta.url))).json();
document.querySelector("#operations").append(...Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => operation(api, path, method, described))));
