"""What an application can reach of the JavaScript build of major version 4: as the contract, the declarations and a page have it.

A surface is a set of names, all of one form: ``CometChatCalls.init`` (and what else hangs on a class), ``CallSettings#getMode`` (a
method of a class's instances), ``CometChatCalls.CallSettings`` (a class), ``CallLog`` (a global), ``OngoingCallListener(onError)`` (a
callback of a listener). Fields that hold an instance's state are no part of it.
"""

from declarations import declarations

from testcall_contract.promises import promises

HOLDER = "CometChatCalls"
LISTENER = "OngoingCallListener"
INDEX, MAIN = "pack/src/index.d.ts", "pack/src/models/CometChatCalls.d.ts"

REFLECT = """() => {
  const functions = new Set(["length", "name", "prototype", "arguments", "caller"]);
  const own = (it) => Object.getOwnPropertyNames(it).filter((name) => typeof it !== "function" || !functions.has(name));
  const holder = window.CometChatCalls, names = [], values = {}, same = [];
  const methods = (name, it) => own(it).forEach((m) => m !== "constructor" && typeof it[m] === "function" && names.push(`${name}#${m}`));
  for (const name of own(holder)) {
    const it = holder[name];
    names.push(`CometChatCalls.${name}`);
    if (typeof it !== "function") { values[`CometChatCalls.${name}`] = it; continue; }
    for (const inner of own(it)) { names.push(`CometChatCalls.${name}.${inner}`); values[`CometChatCalls.${name}.${inner}`] = it[inner]; }
    if (it.prototype) methods(name, it.prototype);
    if (window[name] === it) names.push(name);
  }
  const settings = new holder.CallLogRequestBuilder().setAuthToken("token").build();
  methods("CallLogRequest", Object.getPrototypeOf(settings));
  const asked = new Proxy({}, {get: (_, name) => { names.push(`OngoingCallListener(${String(name)})`); }});
  new holder.OngoingCallListener(asked);
  return {names, values: JSON.parse(JSON.stringify(values))};
}"""
"""Run in a page with the build. The listener's class is given an object that notes which callbacks it is asked for."""


def declared(files):
    """The surface that the package's declarations describe, and all that they declare, by name."""
    everything = {
        one.name: one
        for path, content in files.items()
        if path.endswith(".d.ts")
        for one in declarations(content.decode("utf-8"))
    }
    holder, names = everything[HOLDER], set()
    for member in holder.members:
        if member.private or not member.static:
            continue
        names.add(f"{HOLDER}.{member.name}")
        of_class = everything.get(member.type.removeprefix("typeof ")) if member.type.startswith("typeof ") else None
        if of_class is not None:
            names |= {f"{member.name}#{one.name}" for one in of_class.members if _is_method(one)}
            names |= {f"{HOLDER}.{member.name}.{name}" for name in of_class.public(static=True)}
    names |= {f"CallLogRequest#{one.name}" for one in everything["CallLogRequest"].members if _is_method(one)}
    names |= {f"{LISTENER}({name})" for name in everything["IOngoingCallListener"].public()}
    exported = {word for line in files[INDEX].decode().splitlines() for word in _exports(line)}
    return names | (exported - {HOLDER}), everything


def private(everything):
    """The names that the declarations call private, so that no application may use them."""
    statics = {f"{HOLDER}.{one.name}" for one in everything[HOLDER].members if one.private}
    methods = {f"{name}#{one.name}" for name, of in everything.items() for one in of.members if one.private}
    return statics | methods


def _is_method(member):
    return member.parameters is not None and not (member.private or member.static or member.name == "constructor")


def _exports(line):
    return [word.strip() for word in line.partition("{")[2].partition("}")[0].split(",") if word.strip()]


def contracted(contract):
    """The names that the contract has, and those of which it says that they may be missing: {name: ids of the promises}."""
    names, disputed = set(), {}
    for operation in contract.operations.values():
        names.add(f"{operation.on}#{operation.name}" if operation.on else f"{HOLDER}.{operation.name}")
    for settings in contract.settings.values():
        builder = settings.builder.removeprefix(f"{HOLDER}.")
        names.add(settings.builder)
        names |= {f"{builder}#{member.setter}" for member in settings.members.values() if member.setter}
        names |= {f"{settings.name}#{member.getter}" for member in settings.members.values() if member.getter}
    names |= {f"{LISTENER}({event.name})" for event in contract.events.values()}
    names |= {constant.path for constant in contract.constants.values()}
    for promise in promises(contract):
        if promise.rule == "surface.exists":
            path, members = promise.args["path"], promise.args.get("members", [])
            said = set(_paths(path, members))
            if promise.kind == "conflict" or promise.untestable:
                disputed |= {name: [*disputed.get(name, []), promise.id] for name in said}
            elif promise.args.get("exists", True):
                names |= {*said, *path.split(".prototype")[:-1]}
        elif promise.rule == "event.fires" and promise.kind == "conflict" and promise.subject.kind == "event":
            name = f"{LISTENER}({promise.subject.item.name})"
            disputed[name] = [*disputed.get(name, []), promise.id]
    return names, disputed


def _paths(path, members):
    """The names that a path of ``surface.exists`` and its members are."""
    owner, _, method = path.partition(".prototype")
    if method or path.endswith(".prototype"):
        name = owner.removeprefix(f"{HOLDER}.")
        return [f"{name}#{one}" for one in (members or [method.lstrip(".")])]
    full = path if path.startswith(f"{HOLDER}.") or not members else f"{HOLDER}.{path}"
    return [f"{full}.{one}" for one in members] or [path]
