// Devices that are refused or absent. Chromium's fake-device flags hold for the whole browser, so a page that shall have
// no microphone and camera gets that here. __DEVICES__ is "denied", "none", or "no_screen": the picker is dismissed.
(() => {
  "use strict";
  if (window !== window.top || !navigator.mediaDevices) return;
  const none = "__DEVICES__" === "none";
  const refuse = async () => {
    throw none ? new DOMException("Requested device not found", "NotFoundError") : new DOMException("Permission denied", "NotAllowedError");
  };
  if ("__DEVICES__" !== "no_screen") MediaDevices.prototype.getUserMedia = refuse;
  MediaDevices.prototype.getDisplayMedia = async () => { throw new DOMException("Permission denied", "NotAllowedError"); };
  if (none) MediaDevices.prototype.enumerateDevices = async () => [];
  const query = Permissions.prototype.query;
  Permissions.prototype.query = async function (wanted) {
    const status = await Reflect.apply(query, this, [wanted]);
    if ("__DEVICES__" === "denied" && ["camera", "microphone"].includes(wanted && wanted.name)) Object.defineProperty(status, "state", { value: "denied" });
    return status;
  };
})();
