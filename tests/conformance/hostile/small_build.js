// A build of ours for the browser adapter's tests: one method for each way in which a build can behave.
(() => {
  class Settings { constructor(builder) { Object.assign(this, builder); } getName() { return this.name; } }
  class SettingsBuilder {
    setName(name) { if (typeof name !== "string") throw new TypeError("name must be a string"); this.name = name; return this; }
    build() { return new Settings(this); }
  }
  class Listener { constructor(events) { Object.assign(this, events); } }
  let tell, listener, fired = false, presses = 0, held = [];

  window.Small = class Small {
    static MODES = { A: "a" };
    static SettingsBuilder = SettingsBuilder;
    static Listener = Listener;
    static greet() { return "hello"; }
    static nothingAtAll() {}
    static echo(value) { return value; }
    static async resolves() { return { token: "t" }; }
    static thenable() { return { then(ok) { ok(5); } }; }
    static throws() { throw Object.assign(new RangeError("too far"), { code: "FAR" }); }
    static rejects() { return Promise.reject({ code: "X", details: undefined }); }
    static rejectsText() { return Promise.reject("no"); }
    static settlesWhenTold() { return new Promise((ok) => { tell = ok; }); }
    static tell(value) { tell(value); }
    static settlesTwice() { return { then(ok, bad) { ok(1); bad(2); } }; }
    static kindOf(value) {
      if (Number.isNaN(value)) return "NaN";
      if (value === document) return "document";
      if (value instanceof Text) return "text node";
      if (value instanceof Element) {
        return `element ${value.isConnected ? "" : "not "}in page, ${value.offsetWidth}x${value.offsetHeight}`;
      }
      return value === null ? "null" : value.constructor.name;
    }
    static sameThing(one, other) { return one === other; }
    static subscribe() { let n = 0; return { count: () => ++n, remove: () => "removed" }; }
    static listen(given) { listener = given; }
    static fire() { listener.onFirst({ uid: "bob" }); if (listener.onSecond) listener.onSecond(); }
    static callIt(given) { return given(); }
    static rejectsUnseen() { Promise.reject(new Error("nobody saw")); }
    static throwsLater() { setTimeout(() => { throw new Error("later"); }); }
    static cycle() { const made = {}; made.self = made; return made; }
    static node() { return document.createElement("div"); }
    static async fetchIt(url) { const answer = await fetch(url); return [answer.status, await answer.text()]; }
    static socketState(url) {
      return new Promise((done) => {
        const socket = new WebSocket(url);
        socket.onopen = () => done("open");
        socket.onerror = () => done("error");
      });
    }
    static async askForDevices() {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
        return `${stream.getTracks().length} tracks`;
      } catch (wrong) { return wrong.name; }
    }
    static startTimer(ms) { setTimeout(() => { fired = true; }, ms); }
    static timerFired() { return fired; }
    static async loopMedia(container) {
      const one = new RTCPeerConnection(), other = new RTCPeerConnection();
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      one.onicecandidate = (event) => other.addIceCandidate(event.candidate);
      other.onicecandidate = (event) => one.addIceCandidate(event.candidate);
      const video = container.appendChild(document.createElement("video"));
      other.ontrack = (event) => { video.srcObject = event.streams[0]; video.muted = true; video.play(); };
      for (const track of stream.getTracks()) one.addTrack(track, stream);
      await one.setLocalDescription();
      await other.setRemoteDescription(one.localDescription);
      await other.setLocalDescription();
      await one.setRemoteDescription(other.localDescription);
      held = [one, other, stream];
    }
    static stopMedia() { held[0].close(); held[1].close(); for (const track of held[2].getTracks()) track.stop(); }
    static render(container) {
      const button = container.appendChild(document.createElement("button"));
      button.textContent = "End";
      button.onclick = () => { presses += 1; };
      container.insertAdjacentHTML("beforeend", '<span role="button" aria-label="wrong" title="Mute" data-testid="mic" aria-disabled="true">m</span>');
    }
    static pressed() { return presses; }
    static hangs() { for (;;); }
    static leavesThePage() { location.href = "/elsewhere"; return new Promise(() => {}); }
    static store(value) { localStorage.setItem("kept", value); }
    static stored() { return localStorage.getItem("kept"); }
  };
})();
