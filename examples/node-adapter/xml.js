// As much XML as a stanza needs: one element in, one tree out. No entities but the five, no comments, no doctype.
const TOKEN = /<(\/?)([^\s/>]+)((?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/g;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&" };

const unescape = (text) => text.replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity]);
export const escape = (text) => String(text).replace(/[<>"'&]/g, (sign) => Object.keys(ENTITIES).find((entity) => ENTITIES[entity] === sign));

/** A tree of {name (without prefix), attributes, children, text}. */
export function parse(text) {
  const root = { children: [] };
  const open = [root];
  for (const [, closing, name, attributes, empty, words] of text.matchAll(TOKEN)) {
    const top = open.at(-1);
    if (words !== undefined) top.text = (top.text ?? "") + unescape(words);
    else if (closing) open.pop();
    else {
      const pairs = [...attributes.matchAll(ATTRIBUTE)].map(([, key, one, other]) => [key, unescape(one ?? other)]);
      const element = { name: name.split(":").at(-1), attributes: Object.fromEntries(pairs), children: [], text: "" };
      top.children.push(element);
      if (!empty) open.push(element);
    }
  }
  return root.children[0];
}

export const child = (element, name) => element?.children.find((one) => one.name === name);
