// A WebSocket client (RFC 6455) on Node's own http and https: text frames, pings, a clean close. No extensions.
import { createHash, randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { request } from "./http.js";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, section 1.3
const TEXT = 1, CLOSE = 8, PING = 9, PONG = 10, CONTINUATION = 0;

/** Emits `open`, `message` (text), `close` (code). */
export class WebSocketClient extends EventEmitter {
  #socket = null;
  #buffer = Buffer.alloc(0);
  #parts = [];
  #closed = false;

  constructor(url, protocol) {
    super();
    const key = randomBytes(16).toString("base64");
    const headers = {
      Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": protocol,
    };
    const asked = request(url.replace(/^ws/, "http"), { headers });
    asked.on("upgrade", (answer, socket, head) => {
      const expected = createHash("sha1").update(key + GUID).digest("base64");
      if (answer.headers["sec-websocket-accept"] !== expected) return socket.destroy();
      this.#socket = socket;
      socket.setNoDelay(true);
      socket.on("data", (data) => this.#read(data));
      socket.on("close", () => this.#end(1006));
      socket.on("error", () => this.#end(1006));
      this.emit("open");
      this.#read(head);
    });
    asked.on("response", (answer) => { answer.resume(); this.#end(1006); });
    asked.on("error", () => this.#end(1006));
    asked.end();
  }

  send(text) { this.#write(TEXT, Buffer.from(text)); }

  close(code = 1000) {
    const status = Buffer.alloc(2);
    status.writeUInt16BE(code);
    this.#write(CLOSE, status);
    this.#socket?.end();
  }

  /** Ends without a word, as a network that fails does. */
  abort() { this.#socket?.destroy(); }

  #write(opcode, payload) {
    if (!this.#socket?.writable) return;
    const mask = randomBytes(4);
    const length = payload.length < 126 ? Buffer.from([0x80 | payload.length])
      : payload.length < 65536 ? Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 255])
      : Buffer.concat([Buffer.from([0x80 | 127, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(payload.length).buffer).reverse()]);
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, payload.map((byte, at) => byte ^ mask[at & 3])]));
  }

  #read(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (;;) {
      const frame = this.#next();
      if (!frame) return;
      this.#take(frame);
    }
  }

  #next() {
    const buffer = this.#buffer;
    if (buffer.length < 2) return null;
    let length = buffer[1] & 0x7f, start = 2;
    if (length === 126) { if (buffer.length < 4) return null; length = buffer.readUInt16BE(2); start = 4; }
    else if (length === 127) { if (buffer.length < 10) return null; length = Number(buffer.readBigUInt64BE(2)); start = 10; }
    if (buffer.length < start + length) return null;
    this.#buffer = buffer.subarray(start + length);
    return { final: (buffer[0] & 0x80) !== 0, opcode: buffer[0] & 0x0f, payload: buffer.subarray(start, start + length) };
  }

  #take({ final, opcode, payload }) {
    if (opcode === PING) return this.#write(PONG, payload);
    if (opcode === CLOSE) { this.#write(CLOSE, payload.subarray(0, 2)); this.#socket.end(); return this.#end(payload.length > 1 ? payload.readUInt16BE() : 1005); }
    if (opcode !== TEXT && opcode !== CONTINUATION) return undefined;
    this.#parts.push(payload);
    if (final) this.emit("message", Buffer.concat(this.#parts.splice(0)).toString());
    return undefined;
  }

  #end(code) {
    if (this.#closed) return;
    this.#closed = true;
    this.emit("close", code);
  }
}
