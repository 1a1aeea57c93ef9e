// Records what a page receives and holds: peer connections, sockets, device tracks, media elements. Runs before the SDK.
//
// The natives are wrapped by proxies, so that prototypes, instanceof and statics stay the native ones.
(() => {
  "use strict";
  if (window !== window.top || !window.__testcall || window.__testcall.capabilities.observe) return;

  const connections = [], sockets = [], local = [];

  function recorded(type, list) {
    const wrapped = new Proxy(type, {
      construct(target, given, asked) {
        const made = Reflect.construct(target, given, asked === wrapped ? target : asked);
        list.push({ made, given });
        return made;
      },
    });
    return wrapped;
  }

  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) {
    if (window[name]) window[name] = recorded(window[name], connections);
  }
  window.WebSocket = recorded(window.WebSocket, sockets);

  // The device ids that a constraint names (ConstrainDOMString), binding or not: a browser may give another for one that isn't.
  const wished = (constraints, kind) => {
    const id = constraints?.[kind]?.deviceId;
    return [id?.exact ?? id?.ideal ?? id].flat().filter((one) => typeof one === "string");
  };

  for (const name of ["getUserMedia", "getDisplayMedia"]) {
    const asked = MediaDevices.prototype[name];
    if (!asked) continue;
    MediaDevices.prototype[name] = new Proxy(asked, {
      async apply(target, self, given) {
        const stream = await Reflect.apply(target, self, given);
        for (const track of stream.getTracks()) local.push({ track, from: name, wished: wished(given[0], track.kind) });
        return stream;
      },
    });
  }

  const inbound = (report, connection) => ({
    id: String(report.trackIdentifier ?? report.id),
    kind: report.kind,
    frames: report.framesDecoded ?? 0,
    width: report.frameWidth ?? 0,
    height: report.frameHeight ?? 0,
    energy: report.totalAudioEnergy ?? 0,
    level: report.audioLevel ?? 0,
    packets: report.packetsReceived ?? 0,
    connection,
  });

  const outbound = (report, connection) => ({
    kind: report.kind,
    rid: report.rid ?? null,
    active: report.active ?? null,
    frames: report.framesEncoded ?? 0,
    width: report.frameWidth ?? 0,
    height: report.frameHeight ?? 0,
    packets: report.packetsSent ?? 0,
    bytes: report.bytesSent ?? 0,
    connection,
  });

  async function statistics() {
    const tracks = [], sent = [], states = [];
    for (const [index, { made, given }] of connections.entries()) {
      states.push({
        connection: made.connectionState, ice: made.iceConnectionState, signaling: made.signalingState,
        ice_servers: ((given[0] || {}).iceServers || []).flatMap((server) => server.urls ?? []),
      });
      if (made.signalingState === "closed") continue;
      for (const report of (await made.getStats()).values()) {
        if (report.type === "inbound-rtp") tracks.push(inbound(report, index));
        if (report.type === "outbound-rtp") sent.push(outbound(report, index));
      }
    }
    return { tracks, sent, connections: states };
  }

  const elements = () => [...document.querySelectorAll("video, audio")].map((element) => {
    const stream = element.srcObject;
    return {
      tag: element.tagName.toLowerCase(), id: element.id, width: element.videoWidth ?? 0, height: element.videoHeight ?? 0,
      sink: element.sinkId || null, time: element.currentTime, paused: element.paused, muted: element.muted,
      tracks: stream && stream.getTracks ? stream.getTracks().map((track) => ({ id: track.id, kind: track.kind, state: track.readyState })) : [],
    };
  });

  window.__testcall.capabilities.observe = async () => ({
    ...(await statistics()),
    local: local.map(({ track, from, wished }) => ({
      id: track.id, kind: track.kind, from, device: track.getSettings().deviceId ?? null, wished,
      state: track.readyState, enabled: track.enabled, muted: track.muted,
    })),
    sockets: sockets.map(({ made }) => ({ url: made.url.split("?")[0], state: made.readyState })),
    elements: elements(),
    containers: Object.fromEntries([...window.__testcall.containers].map(([id, node]) => [id, node ? node.childNodes.length : 0])),
  });
})();
