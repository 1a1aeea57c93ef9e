// HTTP for the fake SDK: names under .localhost are this machine, and FAKE_SDK_CA is trusted beside the usual authorities.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";

function lookup(name, options, done) {
  return options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
}

export function request(url, options) {
  const { protocol, hostname } = new URL(url);
  const local = /(^|\.)localhost$/.test(hostname) ? { lookup } : {};
  if (protocol === "http:") return http.request(url, { ...options, ...local });
  const authority = process.env.FAKE_SDK_CA ? { ca: [...rootCertificates, readFileSync(process.env.FAKE_SDK_CA)] } : {};
  return https.request(url, { ...options, ...local, ...authority, agent: false });
}

/** The JSON of an answer, whatever its status; rejects when there is none. */
export function fetchJson(url, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers });
    asked.on("error", reject).on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => { text += part; }).on("end", () => {
        try { resolve(JSON.parse(text)); } catch (error) { reject(error); }
      });
    });
    asked.end(body);
  });
}
