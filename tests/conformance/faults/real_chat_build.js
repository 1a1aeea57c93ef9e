// Six faults for a real build of the Chat SDK v4, put in by an init script before the SDK's own script runs.
(() => {
  let real;
  Object.defineProperty(window, "CometChat", {
    configurable: true,
    enumerable: true,
    get: () => real,
    set: (sdk) => { real = sdk; if (sdk && sdk.CallListener) spoil(sdk); },
  });

  const spoil = (sdk) => {
    // A callback that never comes: onOutgoingCallAccepted. A payload without the call: onCallEndedMessageReceived.
    const Listener = sdk.CallListener;
    sdk.CallListener = class extends Listener {
      constructor({ onOutgoingCallAccepted, onCallEndedMessageReceived: ended, ...rest }) {
        super({ ...rest, ...(ended && { onCallEndedMessageReceived: () => ended() }) });
      }
    };

    // A code altered, and a default changed: a call rings for 30 seconds.
    const initiateCall = sdk.initiateCall;
    sdk.initiateCall = (call, seconds = 30) => initiateCall.call(sdk, call, seconds).catch((error) => {
      if (error.code === "ERR_CALLING_SELF") error.code = "ERR_SOMETHING_ELSE";
      throw error;
    });

    // Who is busy rejects.
    const rejectCall = sdk.rejectCall;
    sdk.rejectCall = (session, status) => rejectCall.call(sdk, session, status === "busy" ? "rejected" : status);

    // One too many.
    const count = sdk.getCallParticipantCount;
    sdk.getCallParticipantCount = async (...given) => (await count.apply(sdk, given)) + 1;
  };
})();
