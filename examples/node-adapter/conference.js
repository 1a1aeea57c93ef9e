// One conference as the SDK's signalling sees it: XMPP over a WebSocket (RFC 7395), a room (XEP-0045), no media.
import { randomBytes, randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { WebSocketClient } from "./websocket.js";
import { child, escape, parse } from "./xml.js";

const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
const PING_MS = 10_000;

/** Emits `joined`, `userJoined` (user), `userLeft` (user), `ended` (kicked, or the session was ended for all), `closed`. */
export class Conference extends EventEmitter {
  users = new Map();   // nick -> user, of the others

  constructor({ host, token, sessionId, user, audioMuted, videoMuted, audioOnly }, faults) {
    super();
    Object.assign(this, { host, sessionId, user, audioMuted, videoMuted, audioOnly, faults });
    this.nick = randomBytes(4).toString("hex");
    this.room = `${sessionId}@conference.${host}`;
    this.socket = new WebSocketClient(`wss://xmpp.${host}/xmpp-websocket?token=${encodeURIComponent(token)}`, "xmpp");
    this.socket.on("open", () => this.#open());
    this.socket.on("message", (text) => this.#receive(parse(text)));
    this.socket.on("close", () => this.#closed());
  }

  setMuted(media, muted) {
    this[media === "audio" ? "audioMuted" : "videoMuted"] = muted;
    if (this.joined && !this.faults.has("mute-stays-local")) this.#sendPresence();
  }

  leave() {
    if (this.faults.has("leaves-without-a-word")) return this.socket.abort();
    if (this.joined) this.#send(`<presence xmlns="jabber:client" to="${this.room}/${this.nick}" type="unavailable"/>`);
    this.#send(`<close xmlns="${FRAMING}"/>`);
    this.joined = false;
    return this.socket.close();
  }

  #send(text) { this.socket.send(text); }

  #open() { this.#send(`<open xmlns="${FRAMING}" to="${escape(this.host)}" version="1.0"/>`); }

  #iq(type, to, content) {
    const id = randomUUID();
    this.#send(`<iq xmlns="jabber:client" type="${type}" id="${id}"${to ? ` to="${escape(to)}"` : ""}>${content}</iq>`);
    return new Promise((resolve) => { this.once(`iq ${id}`, resolve); });
  }

  #receive(stanza) {
    const react = { features: () => this.#features(stanza), success: () => this.#open(), presence: () => this.#presence(stanza),
      iq: () => this.#answer(stanza), close: () => this.socket.close(), failure: () => this.socket.close() };
    react[stanza.name]?.();
  }

  async #features(features) {
    if (child(features, "mechanisms")) return this.#send('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>');
    await this.#iq("set", "", '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>');
    if (child(features, "session")) await this.#iq("set", "", '<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>');
    await this.#iq("set", `focus.${this.host}`,
      `<conference xmlns="http://jitsi.org/protocol/focus" room="${escape(this.room)}" machine-uid="${randomBytes(16).toString("hex")}"/>`);
    this.pings = setInterval(() => this.#iq("get", this.host, '<ping xmlns="urn:xmpp:ping"/>'), PING_MS).unref();
    return this.#sendPresence('<x xmlns="http://jabber.org/protocol/muc"/>');
  }

  #sendPresence(extra = "") {
    const { uid, name, avatar } = this.user;
    const sources = { [`${this.nick}-a0`]: { muted: this.audioMuted }, [`${this.nick}-v0`]: { muted: this.videoMuted } };
    this.since ??= String(Date.now());
    this.#send(`<presence xmlns="jabber:client" to="${escape(this.room)}/${this.nick}">${extra}`
      + `<stats-id>${this.nick}</stats-id><nick xmlns="http://jabber.org/protocol/nick">${escape(name)}</nick>`
      + `<SourceInfo>${escape(JSON.stringify(sources))}</SourceInfo><uid>${escape(uid)}</uid>`
      + `<initial_config is_audio_only="${this.audioOnly}"/>`
      + `<user_object uid="${escape(uid)}" name="${escape(name)}" avatar="${escape(avatar ?? "")}" joinnedAt="${this.since}"/></presence>`);
  }

  #presence(presence) {
    const nick = presence.attributes.from.split("/").slice(1).join("/");
    const codes = (child(presence, "x")?.children ?? []).filter((one) => one.name === "status").map((one) => one.attributes.code);
    const gone = presence.attributes.type === "unavailable";
    if (presence.attributes.type === "error") return this.socket.close();
    if (codes.includes("110") || nick === this.nick) return gone ? this.#thrownOut() : this.#entered();
    if (gone) return this.#left(nick);
    const about = child(presence, "user_object")?.attributes;
    if (about && !this.users.has(nick)) {
      this.users.set(nick, about);
      this.emit("userJoined", about);
    }
    return undefined;
  }

  #entered() {
    if (this.joined) return;
    this.joined = true;
    this.emit("joined");
  }

  #left(nick) {
    const user = this.users.get(nick);
    if (this.users.delete(nick)) this.emit("userLeft", user);
  }

  #thrownOut() {
    if (!this.joined) return;
    this.joined = false;
    this.emit("ended");
    this.socket.close();
  }

  #answer({ attributes: { type, id, from }, children }) {
    if (type === "result" || type === "error") return this.emit(`iq ${id}`, children[0]);
    const to = from ? ` to="${escape(from)}"` : "";
    if (children[0]?.name === "ping") return this.#send(`<iq xmlns="jabber:client" type="result" id="${escape(id)}"${to}/>`);
    // no media here: a Jingle offer is declined
    return this.#send(`<iq xmlns="jabber:client" type="error" id="${escape(id)}"${to}><error type="cancel">`
      + '<feature-not-implemented xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>');
  }

  #closed() {
    clearInterval(this.pings);
    this.joined = false;
    this.emit("closed");
  }
}
