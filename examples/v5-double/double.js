// A double of the Calls SDK v5 for JavaScript: its public surface in a small script of ours, with signalling and no media.
//
// It has two forms. By default it keeps what the documentation promises, as far as it goes. With `CALLS_V5_DOUBLE = "5.0.4"`,
// set before it loads, it does what a build of 5.0.4 was seen to do: joinSession checks nothing and always tells success, what
// the service refuses comes as ERROR_UNKNOWN, and a missing init is told late or not at all.
(function define(root, factory) {
  const exported = factory(root);
  if (typeof module === "object" && module.exports) module.exports = exported;
  else Object.assign(root, exported);
})(typeof self === "undefined" ? globalThis : self, (root) => {
  const as504 = root.CALLS_V5_DOUBLE === "5.0.4";
  const REGIONS = ["us", "eu", "in"];
  const state = { app: null, user: null, busy: false, session: null, listeners: new Map(), loginListeners: new Map() };

  // --- errors

  const refuse = (errorCode, errorDescription) => { throw { errorCode, errorDescription }; };
  const failure = (name, message, details) => Object.assign({ name, message, timestamp: Date.now() }, details && { details });

  class ApiError extends Error {
    constructor(details) { super(details.message); this.details = details; }
  }

  /** What a refusal of the service is called; 5.0.4 has one code for all. */
  const translate = (error, code) => {
    if (error.errorCode) throw error;
    refuse(as504 || !(error instanceof ApiError) ? "ERROR_UNKNOWN" : code, `Failed: ${error.message}`);
  };

  // --- HTTP: the body tells everything, the status nothing

  async function ask(base, method, path, headers, body) {
    const response = await fetch(`${state.app?.[base] ?? base}/${path}`, {
      method, body: body && JSON.stringify(body), headers: { ...(body && { "Content-Type": "application/json" }), ...headers },
    });
    const answer = await response.json();
    if (answer.error) throw new ApiError(answer.error);
    return answer.data;
  }

  const device = () => ({ platform: "web", deviceId: `web_${Math.random().toString(36).slice(2, 11)}` });
  const appId = () => state.app?.appId ?? "";

  async function enterAs(authToken) {
    const me = await ask("clientHost", "PUT", "me", { authToken, appId: appId() }, device());
    const { uid, name, status = "online", avatar = "", role = "default", lastActiveAt = 0 } = me;
    state.user = { uid, name, status, avatar, role, lastActiveAt, authToken };
    tellLogin("onLoginSuccess", state.user);
    return state.user;
  }

  /** Runs one login at a time. */
  async function exclusively(work, code) {
    if (state.busy) refuse("ERROR_LOGIN_IN_PROGRESS", "another login is under way");
    state.busy = true;
    try {
      return await work();
    } catch (error) {
      tellLogin("onLoginFailure", error);
      return translate(error, code);
    } finally {
      state.busy = false;
    }
  }

  function tellLogin(callback, value) {
    for (const listener of state.loginListeners.values()) {
      try { listener[callback]?.(value); } catch { /* a listener is its owner's affair */ }
    }
  }

  const needInit = () => { if (!state.app) refuse("ERROR_SDK_NOT_INITIALIZED", "call init first"); };

  // --- settings

  function appIssues(settings) {
    const issues = [];
    const given = settings && typeof settings === "object" ? settings : {};
    if (typeof given.appId !== "string" || (!as504 && !given.appId)) issues.push("appId must be a string");
    if (typeof given.region !== "string" || !REGIONS.includes(given.region.toLowerCase())) issues.push("region is none");
    for (const host of ["authKey", "host", "adminHost", "clientHost"]) {
      if (given[host] !== undefined && typeof given[host] !== "string") issues.push(`${host} must be a string`);
    }
    return issues;
  }

  const CHOICES = {
    sessionType: ["VIDEO", "VOICE"], layout: ["TILE", "SIDEBAR", "SPOTLIGHT"], initialCameraFacing: ["FRONT", "REAR"],
  };

  function settingsIssue(settings) {
    if (settings === null || typeof settings !== "object") return "the settings must be an object";
    for (const [name, value] of Object.entries(settings)) {
      if (value === undefined) continue;
      const choice = CHOICES[name];
      if (choice && !choice.includes(value)) return `${name} must be one of ${choice.join(", ")}`;
      if (/^(hide|enable|start|autoStart|show|is)[A-Z]/.test(name) && typeof value !== "boolean") return `${name} must be a boolean`;
      if (/^idleTimeout/.test(name) && !(Number.isFinite(value) && value >= 0)) return `${name} must be a number of milliseconds`;
      if (/(Id|displayName|title)$/.test(name) && typeof value !== "string") return `${name} must be a string`;
    }
    return null;
  }

  // --- events

  function tell(name, ...given) {
    for (const entry of [...(state.listeners.get(name) ?? [])]) {
      try { entry.listener(...given); } catch { /* as above */ }
    }
  }

  // --- one session: XMPP over a WebSocket (RFC 7395), a room (XEP-0045); a Jingle offer is declined

  const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
  const escape = (text) => String(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
  const hex = (length) => Array.from(crypto.getRandomValues(new Uint8Array(length)), (n) => n.toString(16).padStart(2, "0")).join("");

  class Session {
    constructor({ callToken, sessionId, user, settings: { connectionConfig } }, settings, container) {
      const { hosts: { domain, muc }, serviceUrl, hiddenDomain } = connectionConfig;
      Object.assign(this, { domain, hiddenDomain, settings, container, user, sessionId });
      this.name = settings?.displayName || user.name;
      this.pid = hex(4);
      this.room = `${sessionId}@${muc}`;
      this.others = new Map();
      this.waiting = new Map();
      this.muted = { audio: settings?.startAudioMuted === true, video: settings?.startVideoPaused === true };
      this.numbers = 0;
      this.socket = new WebSocket(`${serviceUrl}${serviceUrl.includes("?") ? "&" : "?"}token=${callToken}`, "xmpp");
      this.socket.onopen = () => this.open();
      this.socket.onmessage = ({ data }) => this.receive(new DOMParser().parseFromString(data, "text/xml").documentElement);
      this.socket.onclose = () => this.closed();
      this.entered = new Promise((resolve, reject) => { this.enter = resolve; this.fail = reject; });
      this.entered.catch(() => undefined);
      this.draw();
    }

    send(text) { if (this.socket.readyState === 1) this.socket.send(text); }
    open() { this.send(`<open xmlns="${FRAMING}" to="${escape(this.domain)}" version="1.0"/>`); }

    iq(type, to, content) {
      const id = `d${this.numbers += 1}`;
      this.send(`<iq xmlns="jabber:client" type="${type}" id="${id}"${to ? ` to="${escape(to)}"` : ""}>${content}</iq>`);
      return new Promise((resolve) => { this.waiting.set(id, resolve); });
    }

    receive(stanza) {
      const kind = stanza.localName;
      if (kind === "features") this.features(stanza);
      else if (kind === "success") this.open();
      else if (kind === "presence") this.presence(stanza);
      else if (kind === "iq") this.answer(stanza);
      else if (kind === "close" || kind === "failure") this.socket.close();
    }

    async features(features) {
      if (features.querySelector("mechanisms")) {
        this.send('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>');
        return;
      }
      await this.iq("set", "", '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>');
      const info = await this.iq("get", this.domain, '<query xmlns="http://jabber.org/protocol/disco#info"/>');
      this.ending = info.querySelector('identity[type="end_conference"]')?.getAttribute("name");
      await this.iq("set", `focus.${this.domain}`, `<conference xmlns="http://jitsi.org/protocol/focus" room="${escape(this.room)}"/>`);
      this.pings = setInterval(() => this.iq("get", this.domain, '<ping xmlns="urn:xmpp:ping"/>'), 10_000);
      this.say('<x xmlns="http://jabber.org/protocol/muc"/>');
    }

    say(extra = "") {
      const { uid, avatar } = this.user;
      const info = { isLocal: true, name: this.name, pid: this.pid, ruid: "local-human", role: "none", sources: {}, type: "human", uid };
      const voice = this.settings?.sessionType === "VOICE";
      const sources = { [`${this.pid}-a0`]: { muted: this.muted.audio }, ...(!voice && { [`${this.pid}-v0`]: { muted: this.muted.video } }) };
      this.send(`<presence xmlns="jabber:client" to="${escape(this.room)}/${this.pid}">${extra}<stats-id>${this.pid}</stats-id>`
        + `<SourceInfo>${escape(JSON.stringify(sources))}</SourceInfo><initial_config is_audio_only="${voice}" uid="${escape(uid)}"/>`
        + `<user-info>${escape(JSON.stringify(avatar ? { ...info, avatar } : info))}</user-info>`
        + (this.hand ? `<jitsi_participant_raisedHand>${this.hand}</jitsi_participant_raisedHand>` : "")
        + `<nick xmlns="http://jabber.org/protocol/nick">${escape(this.name)}</nick></presence>`);
    }

    presence(presence) {
      const pid = presence.getAttribute("from").split("/").slice(1).join("/");
      const type = presence.getAttribute("type");
      if (type === "error") return this.fail(failure("COMET_CHAT_API_ERROR", "the service does not let this participant in"));
      if (pid === this.pid) return type === "unavailable" ? this.out() : this.inside();
      if (type === "unavailable") return this.gone(pid);
      const said = (name) => Array.from(presence.children).find((child) => child.localName === name)?.textContent;
      const info = JSON.parse(said("user-info") ?? "{}");
      if (!info.uid) return undefined;
      const before = this.others.get(pid);
      const now = { shown: { pid, uid: info.uid, name: said("nick") ?? "Unknown" }, sources: JSON.parse(said("SourceInfo") ?? "{}") };
      this.others.set(pid, now);
      if (before === undefined) {
        if (this.joined) tell("onParticipantJoined", { ...now.shown });
        return this.tellList();
      }
      return this.compare(now, before);
    }

    compare(now, before) {
      const media = { "-a0": ["onParticipantAudioUnmuted", "onParticipantAudioMuted"], "-v0": ["onParticipantVideoResumed", "onParticipantVideoPaused"] };
      for (const [suffix, names] of Object.entries(media)) {
        const [was, is] = [before, now].map((one) => one.sources[one.shown.pid + suffix]?.muted !== false);
        if (was !== is) tell(names[Number(is)], { ...now.shown });
      }
    }

    tellList() {
      if (!this.joined) return;
      const me = { pid: this.pid, uid: this.user.uid, name: this.name };
      tell("onParticipantListChanged", [me, ...Array.from(this.others.values(), (one) => ({ ...one.shown }))]);
    }

    inside() {
      if (this.joined) return;
      this.joined = true;
      this.enter();
      tell("onSessionJoined");
      this.tellList();
    }

    gone(pid) {
      const one = this.others.get(pid);
      if (!this.others.delete(pid) || !this.joined) return;
      tell("onParticipantLeft", { ...one.shown });
      this.tellList();
    }

    answer(iq) {
      const [type, id, from] = ["type", "id", "from"].map((name) => iq.getAttribute(name));
      if (type === "result" || type === "error") {
        this.waiting.get(id)?.(iq);
        this.waiting.delete(id);
        return;
      }
      const to = from ? ` to="${escape(from)}"` : "";
      const mute = iq.firstElementChild;
      const media = mute?.localName === "mute" && mute.namespaceURI.split("/").pop();
      if (media || mute?.localName === "ping") this.send(`<iq xmlns="jabber:client" type="result" id="${escape(id)}"${to}/>`);
      else {
        this.send(`<iq xmlns="jabber:client" type="error" id="${escape(id)}"${to}><error type="cancel">`
          + '<feature-not-implemented xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>');
      }
      if (media) this.setMuted(media, true);
    }

    setMuted(media, muted) {
      if (this.muted[media] === muted) return;
      this.muted[media] = muted;
      if (!this.joined) return;
      this.say();
      const names = media === "audio" ? ["onAudioUnMuted", "onAudioMuted"] : ["onVideoResumed", "onVideoPaused"];
      tell(names[Number(muted)]);
    }

    leave() {
      if (this.joined) this.send(`<presence xmlns="jabber:client" to="${escape(this.room)}/${this.pid}" type="unavailable"/>`);
      else this.socket.close();
    }

    endForAll() {
      if (this.ending) this.send(`<message xmlns="jabber:client" to="${escape(this.ending)}"><end_conference/></message>`);
    }

    /** The own departure is answered: by one's own wish or by another's. */
    out() {
      if (!this.joined) return;
      this.joined = false;
      tell("onSessionLeft");
      this.send(`<close xmlns="${FRAMING}"/>`);
    }

    closed() {
      clearInterval(this.pings);
      this.fail(failure("NETWORK_ERROR", "the signalling did not come about"));
      if (this.joined) { this.joined = false; tell("onSessionLeft"); }
      if (state.session === this) state.session = null;
      this.root?.remove();
      tell("onConnectionClosed");
    }

    draw() {
      if (!(this.container instanceof Element)) return;
      this.root = document.createElement("div");
      const button = (label, does) => {
        const made = document.createElement("button");
        made.textContent = label;
        made.setAttribute("aria-label", label);
        made.onclick = does;
        this.root.append(made);
      };
      this.root.append(document.createElement("video"));
      if (!this.settings?.hideLeaveSessionButton) button("Leave", () => { tell("onLeaveSessionButtonClicked"); this.leave(); });
      this.container.append(this.root);
    }
  }

  // --- the way into a session

  async function verify(token) {
    let answer;
    try {
      const headers = { calltoken: token, appId: appId() };
      answer = await ask("host", "GET", "call_tokens?configVersion=1", headers);
    } catch (error) {
      if (error instanceof ApiError) throw failure("COMET_CHAT_API_ERROR", error.message, error.details);
      throw failure(error instanceof SyntaxError ? "BAD_RESPONSE" : "NETWORK_ERROR", error.message);
    }
    if (!answer?.sessionId || !answer.user?.uid || !answer.settings?.connectionConfig?.serviceUrl) {
      throw failure("BAD_RESPONSE", "the service's answer has not the expected form");
    }
    return answer;
  }

  function joinIssue(token, settings) {
    if (!state.app) return "call init first";
    if (!state.user) return "nobody is logged in";
    if (typeof token !== "string" || !token) return "a call token is needed";
    return settingsIssue(settings);
  }

  async function join(token, settings, container) {
    const issue = joinIssue(token, settings);
    if (issue) return { data: undefined, error: failure("VALIDATION_ERROR", issue) };
    try {
      const verified = await verify(token);
      if (!state.session) state.session = new Session(verified, settings, container);
      await state.session.entered;
      return { data: undefined, error: null };
    } catch (error) {
      return { data: undefined, error };
    }
  }

  /** As 5.0.4: nothing is checked, a verification that fails is dropped, and the result is always the same. */
  async function joinUnchecked(token, settings, container) {
    if (settings === undefined) throw new TypeError("settings is undefined");
    if (!state.session) {
      const verified = await verify(token).catch(() => null);
      if (verified) state.session = new Session(verified, settings, container);
    }
    return { data: undefined, error: null };
  }

  const inSession = (act) => (...given) => { if (state.session) act(state.session, ...given); };

  class CometChatCalls {
    static constants = {
      LAYOUT: { TILE: "TILE", SIDEBAR: "SIDEBAR", SPOTLIGHT: "SPOTLIGHT" }, TYPE: { VOICE: "VOICE", VIDEO: "VIDEO" },
      CAMERA_FACING: { FRONT: "FRONT", REAR: "REAR" },
    };

    static async init(settings) {
      const issues = appIssues(settings);
      if (issues.length) {
        const message = `Invalid app settings: ${issues.join(", ")}`;
        return { success: false, error: { name: "VALIDATION_ERROR", message, timestamp: Date.now() } };
      }
      const region = settings.region.toLowerCase();
      const base = (service) => `https://${settings.appId}.${service}-${region}.cometchat.io/v3.0`;
      state.app = { host: base("call"), adminHost: base("api"), clientHost: base("apiclient"), ...settings, region };
      return { success: true, error: null };
    }

    static async login(uid, authKey = state.app?.authKey) {
      if (!as504) needInit();
      if (state.busy) refuse("ERROR_LOGIN_IN_PROGRESS", "another login is under way");
      if (typeof uid !== "string" || !uid.trim()) refuse("ERROR_INVALID_UID", "a user id is needed");
      if (/\s/.test(uid)) refuse("ERROR_UID_WITH_SPACE", "a user id has no spaces");
      if (typeof authKey !== "string" || !authKey.trim()) refuse("ERROR_API_KEY_NOT_FOUND", "an auth key is needed");
      needInit();
      if (state.user?.uid === uid) return state.user;
      return exclusively(async () => {
        const made = await ask("adminHost", "POST", `users/${uid}/auth_tokens`, { apiKey: authKey, appId: appId() }, device());
        return enterAs(made.authToken);
      }, "ERROR_API_KEY_NOT_FOUND");
    }

    static async loginWithAuthToken(authToken) {
      if (!as504) needInit();
      if (state.busy) refuse("ERROR_LOGIN_IN_PROGRESS", "another login is under way");
      if (typeof authToken !== "string" || !authToken.trim()) refuse("ERROR_BLANK_AUTHTOKEN", "an auth token is needed");
      if (/\s/.test(authToken)) refuse("ERROR_AUTHTOKEN_WITH_SPACE", "an auth token has no spaces");
      if (state.user?.authToken === authToken) return state.user;
      return exclusively(() => enterAs(authToken), "ERROR_UNKNOWN");
    }

    static async logout() {
      if (!as504) needInit();
      if (!state.user) refuse("ERROR_NO_USER_LOGGED_IN", "nobody is logged in");
      const { authToken } = state.user;
      state.user = null;
      await ask("clientHost", "DELETE", "me", { authToken, appId: appId() }).catch(() => undefined);
      tellLogin("onLogoutSuccess");
      return "Logout successful";
    }

    static getLoggedInUser() { return state.user; }
    static getUserAuthToken() { return state.user?.authToken ?? null; }
    static isUserLoggedIn() { return state.user !== null; }
    static addLoginListener(id, listener) { state.loginListeners.set(id, listener); }
    static removeLoginListener(id) { state.loginListeners.delete(id); }

    static async generateToken(sessionId, authToken = state.user?.authToken) {
      if (!as504) needInit();
      if (typeof sessionId !== "string" || !sessionId.trim()) refuse("ERROR_SESSION_ID_MISSING", "a session id is needed");
      if (!authToken) refuse("ERROR_AUTH_TOKEN_MISSING", "log in, or give an auth token");
      needInit();
      try {
        return { token: (await ask("host", "POST", "call_tokens", { authToken, appId: appId() }, { sessionId })).token };
      } catch (error) {
        return translate(error, "ERROR_AUTH_TOKEN_MISSING");
      }
    }

    static joinSession(token, settings, container) { return (as504 ? joinUnchecked : join)(token, settings, container); }

    static addEventListener(name, listener, { signal } = {}) {
      if (signal?.aborted) return () => undefined;
      const entry = { listener };
      if (!state.listeners.has(name)) state.listeners.set(name, new Set());
      const entries = state.listeners.get(name);
      entries.add(entry);
      const end = () => { entries.delete(entry); };
      signal?.addEventListener("abort", end);
      return end;
    }

    static leaveSession = inSession((session) => session.leave());
    static endSessionForAll = inSession((session) => session.endForAll());
    static muteAudio = inSession((session, muted = true) => session.setMuted("audio", muted));
    static unmuteAudio = inSession((session) => session.setMuted("audio", false));
    static toggleAudio = inSession((session) => session.setMuted("audio", !session.muted.audio));
    static pauseVideo = inSession((session, paused = true) => session.setMuted("video", paused));
    static resumeVideo = inSession((session) => session.setMuted("video", false));
    static toggleVideo = inSession((session) => session.setMuted("video", !session.muted.video));
    static raiseHand = inSession((session) => { session.hand = Date.now(); session.say(); });
    static lowerHand = inSession((session) => { session.hand = 0; session.say(); });
  }

  return { CometChatCalls };
});
