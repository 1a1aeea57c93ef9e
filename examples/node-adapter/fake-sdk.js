// A small calling SDK of ours in the dialect of the JavaScript SDK v4, for trying an adapter without a browser.
// It signals, and has no media. FAKE_SDK_FAULTS, a list with commas, breaks it on purpose:
//
//   init-takes-anything      init never rejects
//   wrong-code               generateToken without an auth token rejects with another code
//   no-user-left             onUserLeft is never called
//   mute-stays-local         muteAudio and pauseVideo tell nobody        (only the wire shows it)
//   leaves-without-a-word    endSession breaks the socket instead of leaving  (only the wire shows it)
import { Conference } from "./conference.js";
import { fetchJson } from "./http.js";

export const VERSION = "4.0.0";
const faults = new Set((process.env.FAKE_SDK_FAULTS ?? "").split(",").filter(Boolean));
const REGIONS = ["us", "eu", "in", "US", "EU", "IN"];
const UNKNOWN = "There is an unknown issue with the API request. Please check your internet connection and verify the api call.";

class CometChatCallsException {
  constructor(code, message) { this.code = code; this.message = message; }
}
const refuse = (code, message) => { throw new CometChatCallsException(code, message); };

class CallAppSettings {
  constructor(builder = {}) { Object.assign(this, builder); }
}

class CallAppSettingsBuilder {
  setAppId(appId) { this.appId = appId; return this; }
  setRegion(region) { this.region = region; return this; }
  setHost(host) { this.host = host; return this; }
  build() { return new CallAppSettings(this); }
}

const BOOLEANS = ["enableDefaultLayout", "setIsAudioOnlyCall", "showEndCallButton", "showMuteAudioButton", "showPauseVideoButton",
  "showScreenShareButton", "showModeButton", "startWithAudioMuted", "startWithVideoMuted", "showRecordingButton",
  "startRecordingOnCallStart", "showSwitchToVideoCallButton", "showVirtualBackgroundSetting"];
const OTHERS = ["setMode", "setLocalizedStringObject", "setAnalyticsSettings", "setIdleTimeoutPeriod", "setVirtualBackground",
  "setMainVideoContainerSetting", "setCallListener"];

class CallSettings {
  constructor(builder = {}) { Object.assign(this, builder); }
}

class CallSettingsBuilder {
  build() { return new CallSettings(this); }
}
for (const setter of [...BOOLEANS, ...OTHERS]) {
  CallSettingsBuilder.prototype[setter] = function set(value) { this[`_${setter}`] = value; return this; };
}

class OngoingCallListener {
  constructor(events = {}) { Object.assign(this, events); }
}

export class CometChatCalls {
  static CallAppSettings = CallAppSettings;
  static CallAppSettingsBuilder = CallAppSettingsBuilder;
  static CallSettings = CallSettings;
  static CallSettingsBuilder = CallSettingsBuilder;
  static OngoingCallListener = OngoingCallListener;
  static CALL_MODE = { DEFAULT: "DEFAULT", SPOTLIGHT: "SPOTLIGHT", GRID: "TILE" };

  static #app = null;
  static #conference = null;
  static #listeners = new Map();

  static async init(settings) {
    if (!faults.has("init-takes-anything")) CometChatCalls.#checkApp(settings);
    CometChatCalls.#app = settings;
  }

  static #checkApp(settings) {
    const wrong = (message) => refuse("INVALID_CALL_APP_SETTINGS", message);
    if (!(settings instanceof CallAppSettings)) wrong("appSettings must be an instance of CallAppSettings class");
    if (typeof settings.appId !== "string" || !settings.appId) wrong("Invalid app id, please check your appSettings");
    if (!REGIONS.includes(settings.region)) wrong("Invalid region, please check your appSettings");
    if (settings.host !== undefined && settings.host !== null && typeof settings.host !== "string") wrong("Invalid host, please check your appSettings");
  }

  static get #base() {
    const { appId, region, host } = CometChatCalls.#app;
    return host || `https://${appId}.call-${region}.cometchat.io/v3.0/`;
  }

  static async generateToken(sessionId, authToken) {
    CometChatCalls.#checkApp(CometChatCalls.#app);
    const argument = (name, what) => refuse(faults.has("wrong-code") && name === "authToken" ? "ERROR" : "INVALID_ARGUMENT_EXCEPTION",
      `Argument ${name} is missing or invalid, a valid ${what} as a string is required to proceed.`);
    if (typeof authToken !== "string") argument("authToken", "authentication token");
    if (typeof sessionId !== "string") argument("sessionID", "session identifier");
    const headers = { "Content-Type": "application/json", Accept: "application/json", authToken };
    return CometChatCalls.#ask({ method: "POST", headers, body: JSON.stringify({ sessionId }) });
  }

  static async #ask(options) {
    const answer = await fetchJson(`${CometChatCalls.#base}call_tokens`, options).catch(() => ({}));
    if (answer.data) return answer.data;
    const { code, message } = answer.error ?? {};
    throw message ? new CometChatCallsException(code, message) : new CometChatCallsException("UNKNOWN_API_ERROR", UNKNOWN);
  }

  static async startSession(callToken, settings, element) {
    if (!(settings instanceof CallSettings)) refuse("INVALID_CALL_SETTINGS", "callSettings must be an instance of CallSettings class");
    for (const setter of BOOLEANS) {
      const value = settings[`_${setter}`];
      if (value !== undefined && value !== null && typeof value !== "boolean") {
        refuse("INVALID_CALL_SETTINGS", `${setter} method must be provided a boolean value.`);
      }
    }
    if (settings._setIdleTimeoutPeriod < 120) refuse("INVALID_CALL_SETTINGS", "Minimum value for idleTimeoutPeriod is 120 seconds.");
    CometChatCalls.#join(callToken, settings, element);  // not awaited: what fails from here on goes to onError
  }

  static async #join(callToken, settings, element) {
    const { onError } = settings._setCallListener ?? {};
    try {
      if (!sessionOf(callToken)) refuse("INVALID_ARGUMENT_EXCEPTION", "callToken must be valid please verify.");
      if (!element) throw new TypeError("the call needs an element");
      if (CometChatCalls.#conference) return;
      CometChatCalls.#conference = { leave() {} };  // a second startSession meanwhile is the same call
      const verified = await CometChatCalls.#ask({ headers: { Accept: "application/json", callToken } });
      CometChatCalls.#enter(verified, callToken, settings);
    } catch (error) {
      if (CometChatCalls.#conference?.constructor === Object) CometChatCalls.#conference = null;
      if (typeof onError !== "function" || !(error instanceof CometChatCallsException)) throw error;
      onError(error);
    }
  }

  static #enter({ settings: { WEBRTC_HOST: host }, payload: { data: { sessionId, user } }, callToken }, token, settings) {
    const audioOnly = settings._setIsAudioOnlyCall === true;
    const conference = new Conference({ host, token: callToken ?? token, sessionId, user, audioOnly,
      audioMuted: settings._startWithAudioMuted === true, videoMuted: audioOnly || settings._startWithVideoMuted === true }, faults);
    CometChatCalls.#conference = conference;
    const tell = (event, ...given) => CometChatCalls.#tell(settings, event, ...given);
    const list = () => [{ ...user, id: conference.nick }, ...[...conference.users].map(([id, one]) => ({ id, uid: one.uid, name: one.name, avatar: one.avatar }))];
    conference.on("joined", () => tell("onUserListUpdated", list()));
    conference.on("userJoined", (who) => { tell("onUserJoined", { ...who }); tell("onUserListUpdated", list()); });
    conference.on("userLeft", ({ uid, name, avatar }) => {
      if (!faults.has("no-user-left")) tell("onUserLeft", { uid, name, avatar });
      tell("onUserListUpdated", list());
      if (!conference.users.size) tell("onCallEnded");
    });
    conference.on("ended", () => tell("onCallEnded"));
    conference.on("closed", () => { if (CometChatCalls.#conference === conference) CometChatCalls.#conference = null; });
  }

  static #tell(settings, event, ...given) {
    for (const listener of [...CometChatCalls.#listeners.values(), settings._setCallListener]) listener?.[event]?.(...given);
  }

  static endSession() {
    const conference = CometChatCalls.#conference;
    CometChatCalls.#conference = null;
    conference?.leave();
  }

  static muteAudio(muted = true) { CometChatCalls.#conference?.setMuted?.("audio", muted); }
  static unMuteAudio() { CometChatCalls.muteAudio(false); }
  static pauseVideo(paused = true) { CometChatCalls.#conference?.setMuted?.("video", paused); }
  static resumeVideo() { CometChatCalls.pauseVideo(false); }
  static setMode() {}
  static addCallEventListener(name, listener) { CometChatCalls.#listeners.set(name, listener); }
  static removeCallEventListener(name) { CometChatCalls.#listeners.delete(name); }
}

function sessionOf(token) {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString()).data.sessionId;
  } catch {
    return undefined;
  }
}
