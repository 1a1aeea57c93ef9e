// Six faults for a real build of the JavaScript SDK v4, put in by an init script before the SDK's own script runs.
(() => {
  let real;
  Object.defineProperty(window, "CometChatCalls", {
    configurable: true,
    enumerable: true,
    get: () => real,
    set: (sdk) => { real = sdk; if (sdk && sdk.CallSettingsBuilder) spoil(sdk); },
  });

  const spoil = (sdk) => {
    // A callback that never comes: onUserLeft.
    const Listener = sdk.OngoingCallListener;
    sdk.OngoingCallListener = class extends Listener {
      constructor(callbacks) { super({ ...callbacks, onUserLeft: () => {}, onUserJoined: joined(callbacks.onUserJoined) }); }
    };
    const addCallEventListener = sdk.addCallEventListener;
    sdk.addCallEventListener = (name, listener) => addCallEventListener.call(sdk, name, Object.assign(listener, { onUserLeft: () => {} }));
    // A payload without the user's id: onUserJoined.
    const joined = (callback) => callback && ((user) => { const { uid, ...rest } = user ?? {}; callback(rest); });

    // A default changed: the screen share control is hidden unless it is asked for.
    const builder = sdk.CallSettingsBuilder.prototype;
    const { showScreenShareButton, build } = builder;
    builder.showScreenShareButton = function (shown) { this.askedForSharing = true; return showScreenShareButton.call(this, shown); };
    builder.build = function () { if (!this.askedForSharing) showScreenShareButton.call(this, false); return build.call(this); };

    // A code altered: what generateToken refuses.
    const generateToken = sdk.generateToken;
    sdk.generateToken = (...given) => generateToken.apply(sdk, given).catch((error) => {
      if (error.code === "INVALID_ARGUMENT_EXCEPTION") error.code = "ERR_SOMETHING_ELSE";
      throw error;
    });

    // An operation without effect: muteAudio(true).
    const muteAudio = sdk.muteAudio;
    sdk.muteAudio = (muted) => (muted === true ? undefined : muteAudio.call(sdk, muted));

    // A constant changed.
    sdk.CALL_MODE = { ...sdk.CALL_MODE, SPOTLIGHT: "SPOT" };
  };
})();
