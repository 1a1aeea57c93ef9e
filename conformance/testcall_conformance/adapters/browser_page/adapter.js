// The page's half of testcall's browser adapter: JSON-RPC in, reflection on the page's globals, JSON-RPC out.
//
// It runs before the SDK (an init script, or the first <script>), keeps the natives that it needs (a build, a fake clock or
// a mutant may replace them later) and knows nothing of any SDK. Shapes: docs/adapter-protocol.md. Lines go out through
// window.__testcall_send(line), which Playwright binds, and come in through window.__testcall.receive(line).
(() => {
  "use strict";
  if (window !== window.top || window.__testcall) return;

  const { parse, stringify } = JSON;
  const later = window.setTimeout.bind(window);
  const now = performance.now.bind(performance);
  const microtask = window.queueMicrotask.bind(window);
  const NodeClass = Node;
  const EventTargetClass = EventTarget;
  const MISSING = -32001, INVALID_PARAMS = -32602, METHOD_NOT_FOUND = -32601;
  const MAX_DEPTH = 8, MAX_NODES = 20000;

  let instance = "__INSTANCE__", opened = now(), clockOpened = performance.now(), seq = 0, lastId = 0;
  const globalsBefore = new Set(Object.getOwnPropertyNames(window));
  const objects = new Map();       // id -> object that was sent or named
  const ids = new WeakMap();       // object -> id
  const containers = new Map();    // id -> node (or null)
  const ours = new WeakMap();      // function that we made -> its tagged value
  const capabilities = Object.create(null);

  const atMs = () => Math.round((now() - opened) * 1000) / 1000;
  const clockMs = () => Math.round((performance.now() - clockOpened) * 1000) / 1000;  // a fake clock's, where there is one
  const send = (message) => window.__testcall_send(stringify({ jsonrpc: "2.0", ...message }));
  const notify = (method, params) => send({ method, params });

  class Refusal extends Error {
    constructor(code, message, data) { super(message); this.code = code; this.data = data; }
  }
  const missing = (what) => new Refusal(MISSING, `the build has no ${what}`, { missing: what });
  const invalid = (what) => new Refusal(INVALID_PARAMS, what);

  // --- values out ---------------------------------------------------------------------------------------------------

  function encode(value) { return encodeIn(value, { seen: [], nodes: 0 }); }

  function encodeIn(value, walk) {
    if (value === undefined) return { $: "undefined" };
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "number") return encodeNumber(value);
    if (typeof value === "bigint" || typeof value === "symbol") return opaque(typeof value, String(value));
    if (typeof value === "function") return ours.get(value) || reference(value, "Function");
    if (walk.seen.includes(value)) return opaque("cycle");
    if (walk.seen.length >= MAX_DEPTH || ++walk.nodes > MAX_NODES) return opaque("deep", typeName(value));
    walk.seen.push(value);
    try { return encodeObject(value, walk); } finally { walk.seen.pop(); }
  }

  function encodeNumber(value) {
    if (Number.isNaN(value)) return { $: "nan" };
    if (value === Infinity) return { $: "infinity" };
    if (value === -Infinity) return { $: "-infinity" };
    return Object.is(value, -0) ? { $: "-0" } : value;
  }

  function encodeObject(value, walk) {
    if (Array.isArray(value)) return Array.from(value, (item) => encodeIn(item, walk));
    if (value instanceof Date) return opaque("Date", String(value.getTime()));
    if (value instanceof EventTargetClass) return reference(value, typeName(value));
    const own = encodeOwn(value, walk);
    if (isPlain(value) && !Object.values(own).some((item) => item && item.$ === "ref" && item.class === "Function")) {
      return "$" in own ? { $: "object", own } : own;
    }
    const tagged = reference(value, typeName(value));
    return Object.keys(own).length ? { ...tagged, own } : tagged;
  }

  function encodeOwn(value, walk) {
    const own = {};
    for (const name of Object.getOwnPropertyNames(value)) {
      if (name === "stack" && value instanceof Error) continue;  // frames of minified vendor code stay out of records
      try { own[name] = encodeIn(value[name], walk); } catch (wrong) { own[name] = opaque("getter threw", String(wrong)); }
    }
    if (!Object.keys(own).length && !isPlain(value) && typeof value.toJSON === "function") {
      try {
        const shown = encodeIn(value.toJSON(), walk);  // platform objects (MediaDeviceInfo) keep all on their prototype
        if (shown && typeof shown === "object" && !Array.isArray(shown) && !("$" in shown)) return shown;
      } catch { /* nothing to show */ }
    }
    return own;
  }

  function isPlain(value) {
    const prototype = Object.getPrototypeOf(value);
    return prototype === null || (Object.getPrototypeOf(prototype) === null && typeName(value) === "Object");
  }

  function typeName(value) {
    try { return (value.constructor && String(value.constructor.name)) || ""; } catch { return ""; }
  }

  function opaque(type, text = "") { return { $: "opaque", class: type, text }; }

  function reference(value, type) {
    let id = ids.get(value);
    if (!id) { id = `@${++lastId}`; remember(id, value); }
    return { $: "ref", id, class: type };
  }

  function remember(id, value) {
    objects.set(id, value);
    if ((typeof value === "object" && value !== null) || typeof value === "function") ids.set(value, id);
    return value;
  }

  function encodeError(error) {
    if ((typeof error !== "object" || error === null) && typeof error !== "function") {
      return { type: error === null ? "null" : typeof error, is_error: false, own: {}, value: encode(error) };
    }
    return { type: typeName(error), is_error: error instanceof Error, own: encodeOwn(error, { seen: [error], nodes: 0 }) };
  }

  // --- values in ----------------------------------------------------------------------------------------------------

  function realise(value, member = null) {
    if (Array.isArray(value)) return value.map((item) => realise(item));
    if (value === null || typeof value !== "object") return value;
    if (!("$" in value)) return realiseEntries(value);
    const make = Object.hasOwn(REALISE, value.$) ? REALISE[value.$] : null;
    if (!make) throw invalid(`unknown tagged value ${value.$}`);
    return make(value, member);
  }

  function realiseEntries(entries) {
    const made = {};
    for (const [name, item] of Object.entries(entries)) made[name] = realise(item, name);
    return made;
  }

  const REALISE = {
    undefined: () => undefined,
    nan: () => NaN,
    infinity: () => Infinity,
    "-infinity": () => -Infinity,
    "-0": () => -0,
    object: (value) => realiseEntries(value.own),
    function: (value, member) => makeFunction(value, member),
    container: (value) => container(value.id, value.state || "attached"),
    builder: (value) => named(value, build(value)),
    new: (value) => named(value, construct(lookup(value.class), value.arguments || [])),
    ref: (value) => object(value.id),
  };

  const named = (value, made) => (value.id ? remember(value.id, made) : made);

  function object(id) {
    if (!objects.has(id)) throw invalid(`no object ${id} in this instance`);
    return objects.get(id);
  }

  function lookup(path) {
    let found = window;
    for (const part of path.split(".")) {
      found = found === undefined || found === null ? undefined : found[part];
      if (found === undefined || found === null) throw missing(path);
    }
    return found;
  }

  function construct(type, given) {
    return Reflect.construct(type, given.map((item) => realise(item)));
  }

  function build(value) {
    let builder = construct(lookup(value.class), value.new || []);
    for (const [name, given] of value.calls || []) {
      if (typeof builder[name] !== "function") throw missing(`${value.class}.${name}`);
      const result = builder[name](...given.map((item) => realise(item)));
      if (result && typeof result === "object" && result.constructor === builder.constructor) builder = result;
    }
    for (const [name, item] of Object.entries(value.sets || {})) builder[name] = realise(item, name);
    if (value.build === false) return builder;
    if (typeof builder.build !== "function") throw missing(`${value.class}.build`);
    return builder.build();
  }

  function makeFunction(value, member) {
    let calls = 0;
    const made = function (...given) {
      const params = { instance, function: value.id, arguments: given.map(encode), seq: ++seq, at_ms: atMs(), clock_ms: clockMs() };
      notify("callback", member === null ? params : { ...params, name: member });
      if (value.does === "throws") throw new Error(`thrown on purpose by the function ${value.id}`);
      for (const step of value.does || []) {
        const invoke = `${value.id}/${++calls}`;
        perform(step, (ended) => notify("late", { instance, invoke, ...ended, at_ms: atMs() }), (refusal) =>
          notify("log", { instance, level: "error", text: `${invoke}: ${refusal.message}` }));
      }
      return "returns" in value ? realise(value.returns) : undefined;
    };
    ours.set(made, { $: "function", id: value.id });
    return made;
  }

  function container(id, state) {
    if (!containers.has(id)) containers.set(id, makeContainer(id, state));
    return containers.get(id);
  }

  function makeContainer(id, state) {
    if (state === "none") return null;
    if (state === "document") return document;
    if (state === "text") return document.body.appendChild(document.createTextNode(""));
    const element = document.createElement("div");
    element.id = id;
    element.style.cssText = "width:1280px;height:720px;position:relative;";
    if (state === "hidden") element.style.display = "none";
    if (state !== "detached") document.body.appendChild(element);
    return element;
  }

  // --- invocations --------------------------------------------------------------------------------------------------

  // Carries out one invocation. `end` is called once for each settlement, `refuse` when it cannot be tried at all.
  function perform(call, end, refuse) {
    let target, given;
    try {
      target = typeof call.on === "string" ? (objects.has(call.on) ? objects.get(call.on) : lookup(call.on)) : realise(call.on);
      given = Array.isArray(call.arguments) ? call.arguments.map((item) => realise(item)) : [realise(call.arguments || {})];
    } catch (wrong) {
      return wrong instanceof Refusal ? refuse(wrong) : end({ ended: "threw", error: encodeError(wrong), during: "arguments" });
    }
    const where = typeof call.on === "string" ? call.on : call.on.class;
    if (call.signature === "get") {
      if (target === null || target === undefined || !(call.operation in Object(target))) return refuse(missing(`${where}.${call.operation}`));
      return settle(() => target[call.operation], end);
    }
    const operation = call.operation === "()" ? target : target === null || target === undefined ? undefined : target[call.operation];
    if (typeof operation !== "function") return refuse(missing(`${where}.${call.operation}`));
    return settle(() => Reflect.apply(operation, call.operation === "()" ? undefined : target, given), end);
  }

  function settle(run, end) {
    let result;
    try { result = run(); } catch (thrown) { return end({ ended: "threw", error: encodeError(thrown) }); }
    let then;
    try {
      then = result !== null && (typeof result === "object" || typeof result === "function") ? result.then : undefined;
    } catch { then = undefined; }
    if (typeof then !== "function") return end({ ended: "returned", value: encode(result) });
    return Reflect.apply(then, result, [
      (value) => end({ ended: "resolved", value: encode(value) }),
      (error) => end({ ended: "rejected", error: encodeError(error) }),
    ]);
  }

  function invoke(call, reply, refuse) {
    let done = false;
    perform(call, (ended) => {
      if (done) return notify("late", { instance, invoke: call.id, ...ended, at_ms: atMs() });
      done = true;
      return reply({ ...ended, at_ms: atMs() });
    }, (refusal) => { done = true; refuse(refusal); });
    if (done) return;
    later(() => { if (!done) { done = true; reply({ ended: "never", at_ms: atMs() }); } }, call.timeout_ms ?? 10000);
  }

  // --- what the build has -------------------------------------------------------------------------------------------

  function operations() {
    const found = new Set();
    for (const name of Object.getOwnPropertyNames(window)) {
      if (!globalsBefore.has(name) && /^[A-Z]/.test(name)) describeClass(name, window[name], found, 0);
    }
    return [...found].sort();
  }

  function describeClass(path, type, found, depth) {
    if (type === null || (typeof type !== "function" && typeof type !== "object") || type instanceof NodeClass) return;
    for (const [name, member] of membersOf(type)) {
      if (typeof member !== "function") continue;
      if (/^[A-Z]/.test(name) && depth === 0) describeClass(`${path}.${name}`, member, found, depth + 1);
      else found.add(`${path}.${name}`);
    }
    if (typeof type === "function" && type.prototype) {
      for (const [name, member] of membersOf(type.prototype)) if (typeof member === "function") found.add(`${path}.${name}`);
    }
  }

  function* membersOf(type) {
    for (const name of Object.getOwnPropertyNames(type)) {
      if (["constructor", "prototype", "caller", "callee", "arguments"].includes(name)) continue;
      const found = Object.getOwnPropertyDescriptor(type, name);
      if (found && "value" in found) yield [name, found.value];
      else if (found && found.get) { try { yield [name, type[name]]; } catch { /* a getter that needs an instance */ } }
    }
  }

  // --- JSON-RPC -----------------------------------------------------------------------------------------------------

  const METHODS = {
    open(params, reply) { instance = params.instance; opened = now(); clockOpened = performance.now(); reply(null); },
    describe(_params, reply) { reply({ operations: operations() }); },
    invoke,
    echo(params, reply, refuse) {
      try { reply(encode(realise(params.value))); } catch (wrong) { refuse(wrong); }
    },
  };

  function receive(line) {
    const message = parse(line);
    const reply = (result) => send({ id: message.id, result: result === undefined ? null : result });
    const refuse = (wrong) => send({
      id: message.id,
      error: { code: wrong.code || INVALID_PARAMS, message: String(wrong.message || wrong), data: wrong.data },
    });
    const method = Object.hasOwn(METHODS, message.method) ? METHODS[message.method] : null;
    const capability = capabilities[message.method];
    microtask(() => {
      if (method) return method(message.params || {}, reply, refuse);
      if (capability) return capability(message.params || {}).then(reply, refuse);
      return refuse(new Refusal(METHOD_NOT_FOUND, `no method ${message.method}`));
    });
  }

  const uncaught = (error, origin) => notify("uncaught", { instance, error: encodeError(error), origin, at_ms: atMs() });
  window.addEventListener("unhandledrejection", (event) => uncaught(event.reason, "unhandledrejection"));
  window.addEventListener("error", (event) => uncaught(event.error ?? event.message, "error"));

  Object.defineProperty(window, "__testcall", { value: { receive, capabilities, containers, encode, atMs } });
})();
