// An adapter for testcall in plain Node.js: lines in, calls of an SDK, lines out (docs/adapter-protocol.md).
// The SDK here is a small one of ours, fake-sdk.js; change `freshSdk` to drive yours.
import { createInterface } from "node:readline";
const freshSdk = () => import(`./fake-sdk.js?${performance.now()}`);  // a module of its own: never initialised
const instances = new Map();
const CONSTANTS = { undefined, nan: NaN, infinity: Infinity, "-infinity": -Infinity, "-0": -0 };
const write = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
const notify = (method, params) => write({ method, params });
const refusal = (code, message, data) => Object.assign(new Error(message), { refused: true, code, data });
const missing = (what) => refusal(-32001, `the build has no ${what}`, { missing: what });
const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([key, item]) => [key, change(item, key)]));

class Instance {
  constructor(name, sdk) { Object.assign(this, { name, sdk, objects: new Map(), opened: performance.now(), seq: 0 }); }
  get at_ms() { return performance.now() - this.opened; }
  late(invoke) { return (ended) => notify("late", { instance: this.name, invoke, ...ended }); }
  lookup(path) {
    const found = this.objects.get(path) ?? path.split(".").reduce((holder, part) => holder?.[part], this.sdk);
    if (found === undefined) throw missing(path);
    return found;
  }
  // A value of the protocol as a value of JavaScript; `member` is the key under which it stands.
  realise(value, member = null) {
    if (Array.isArray(value)) return value.map((item) => this.realise(item));
    if (value === null || typeof value !== "object") return value;
    if (!("$" in value)) return mapped(value, (item, key) => this.realise(item, key));
    if (value.$ in CONSTANTS) return CONSTANTS[value.$];
    if (!this[`make_${value.$}`]) throw refusal(-32003, `this adapter has no value ${value.$}`);
    const made = this[`make_${value.$}`](value, member);
    if (value.$ === "new" || value.$ === "builder") this.objects.set(value.id, made);
    return made;
  }
  make_object({ own }) { return mapped(own, (item, key) => this.realise(item, key)); }
  make_ref({ id }) { return this.objects.get(id); }
  make_container(value) { return value.state === "none" ? null : { ...value }; }
  make_new(value) { return new (this.lookup(value.class))(...this.realise(value.arguments ?? [])); }
  make_builder(value) {
    const builder = new (this.lookup(value.class))(...this.realise(value.new ?? []));
    for (const [setter, given] of value.calls ?? []) {
      if (typeof builder[setter] !== "function") throw missing(`${value.class}.${setter}`);
      builder[setter](...this.realise(given));
    }
    Object.assign(builder, mapped(value.sets ?? {}, (item) => this.realise(item)));
    return value.build === false ? builder : builder.build();
  }
  make_function({ id, does = [], returns }, name) {
    let calls = 0;
    return (...given) => {
      notify("callback", { instance: this.name, function: id, name, arguments: given.map(encode), seq: ++this.seq, at_ms: this.at_ms });
      if (does === "throws") throw new Error(`thrown on purpose by ${id}`);
      for (const step of does) this.perform(step, this.late(`${id}/${++calls}`));
      return returns === undefined ? undefined : this.realise(returns);
    };
  }
  // Carries out one call; `end` is told once for each settlement.
  perform(call, end) {
    const tell = (ended) => end({ ...ended, at_ms: this.at_ms });
    let result, during = "arguments";
    try {
      const target = typeof call.on === "string" ? this.lookup(call.on) : this.realise(call.on);
      const given = this.realise(Array.isArray(call.arguments) ? call.arguments : [call.arguments]);
      if (typeof target[call.operation] !== "function") throw missing(`${call.on}.${call.operation}`);
      during = "operation";
      result = target[call.operation](...given);
    } catch (error) {
      if (error.refused) throw error;
      return tell({ ended: "threw", error: encodeError(error), during });
    }
    if (typeof result?.then !== "function") return tell({ ended: "returned", value: encode(result) });
    return result.then((value) => tell({ ended: "resolved", value: encode(value) }), (error) => tell({ ended: "rejected", error: encodeError(error) }));
  }
  invoke(call, reply) {
    let done = false;
    this.perform(call, (ended) => { if (done) this.late(call.id)(ended); else { done = true; reply(ended); } });
    if (!done) setTimeout(() => { if (!done) { done = true; reply({ ended: "never", at_ms: this.at_ms }); } }, call.timeout_ms);
  }
}
// And back: what the SDK returned, handed to a callback, or threw.
function encode(value) {
  const tag = Object.keys(CONSTANTS).find((name) => Object.is(CONSTANTS[name], value));
  if (tag) return { $: tag };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value === "function") return { $: "opaque", class: "Function", text: value.name };
  if (value === null || typeof value !== "object") return value;
  const own = mapped(value, encode);
  return "$" in own ? { $: "object", own } : own;
}
function encodeError(error) {
  if (error === null || typeof error !== "object") return { type: typeof error, is_error: false, value: encode(error) };
  const { stack, ...own } = Object.getOwnPropertyDescriptors(error);
  return { type: error.constructor.name, is_error: error instanceof Error, own: mapped(own, ({ value }) => encode(value)) };
}
const find = ({ instance }) => instances.get(instance) ?? (() => { throw refusal(-32002, `no instance ${instance}`); })();
const METHODS = {
  async describe() {
    const { CometChatCalls, VERSION } = await freshSdk();
    const operations = Object.getOwnPropertyNames(CometChatCalls).filter((name) => typeof CometChatCalls[name] === "function");
    return { protocol: 1, adapter: "testcall node example", sdk: { name: "fake-sdk", version: VERSION }, contract: "calls/javascript-v4",
      operations: operations.map((name) => `CometChatCalls.${name}`), capabilities: { echo: true } };
  },
  async open({ instance, world }) { process.env.FAKE_SDK_CA = world.ca; instances.set(instance, new Instance(instance, await freshSdk())); },
  echo: (params) => encode(find(params).realise(params.value)),
  close({ instance }) { instances.get(instance)?.sdk.CometChatCalls.endSession(); instances.delete(instance); },
  stop() { setImmediate(() => process.exit()); },
};

createInterface({ input: process.stdin }).on("close", () => process.exit()).on("line", async (line) => {
  const { id, method, params } = JSON.parse(line);
  try {
    if (method === "invoke") return find(params).invoke(params, (result) => write({ id, result }));
    if (!METHODS[method]) throw refusal(-32601, `no method ${method}`);
    return write({ id, result: (await METHODS[method](params)) ?? null });
  } catch ({ code = -32000, message, data }) { return write({ id, error: { code, message, data } }); }
});
process.on("unhandledRejection", (error) => {
  for (const { name, at_ms } of instances.values()) notify("uncaught", { instance: name, error: encodeError(error), at_ms });
});
