// Joins a session by xmpp.js and chats. Lines of JSON go out; lines of JSON come in: {"say": text}, {"cut": true}, {"leave": true}.
// Arguments: service address, domain, room, nick; where the package is comes by TESTCALL_XMPP_CLIENT.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.TESTCALL_XMPP_CLIENT + "/package.json");
globalThis.WebSocket = require("ws"); // Node.js before 22 has none, and none of Node.js's can be cut
const { client, xml } = await import(pathToFileURL(require.resolve("@xmpp/client")).href);
const [service, domain, room, nick] = process.argv.slice(2);
const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");

const xmpp = client({ service, domain });
xmpp.reconnect.delay = 50;
xmpp.on("error", (error) => tell({ error: String(error) }));
xmpp.on("status", (status) => tell({ status }));
xmpp.on("stanza", (stanza) => {
  const seen = { stanza: stanza.name, from: stanza.attrs.from ?? "", type: stanza.attrs.type ?? "" };
  const statuses = stanza.getChild("x", "http://jabber.org/protocol/muc#user")?.getChildren("status") ?? [];
  tell({ ...seen, codes: statuses.map((status) => status.attrs.code), body: stanza.getChildText("body") ?? "" });
});
xmpp.on("online", async (address) => {
  tell({ online: address.toString() });
  try {
    const conference = xml("conference", { xmlns: "http://jitsi.org/protocol/focus", room });
    const answer = await xmpp.iqCaller.set(conference, `focus.${domain}`);
    tell({ ready: answer.attrs.ready });
    const info = await xmpp.iqCaller.get(xml("query", "http://jabber.org/protocol/disco#info"), domain);
    tell({ features: info.getChildren("feature").length });
    await xmpp.send(
      xml(
        "presence",
        { to: `${room}/${nick}` },
        xml("x", { xmlns: "http://jabber.org/protocol/muc" }),
        xml("nick", { xmlns: "http://jabber.org/protocol/nick" }, "Someone else"),
      ),
    );
  } catch (error) {
    tell({ error: String(error) });
  }
});

createInterface({ input: process.stdin }).on("line", async (line) => {
  const asked = JSON.parse(line);
  if (asked.say) await xmpp.send(xml("message", { to: room, type: "groupchat" }, xml("body", {}, asked.say)));
  if (asked.cut) xmpp.socket.socket.terminate();
  if (asked.leave) {
    await xmpp.send(xml("presence", { to: `${room}/${nick}`, type: "unavailable" }));
    await xmpp.stop();
    process.exit(0);
  }
});
await xmpp.start().catch((error) => tell({ error: String(error) }));
