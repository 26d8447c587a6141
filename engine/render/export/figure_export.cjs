// Figures outside the page:  node figure_export.cjs LIBRARIES svg|png FOLDER FIGURE.vl.json...
//
// Writes FOLDER/FIGURE.svg or .png for each. LIBRARIES is the folder with vega.min.js and
// vega-lite.min.js that the report inlines. An SVG is drawn here, text and all; a PNG is that SVG
// photographed by a headless Chromium at twice its size. Nothing is loaded from anywhere. Exit codes:
// 0 written, 1 a figure is wrong, 2 usage, 3 what is needed is not on this machine (standard error
// says what).
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawnSync } = require('child_process');

function stop(code, sentence) {
  process.stderr.write(sentence + '\n');
  process.exit(code);
}

const [libraries, format, folder, ...sources] = process.argv.slice(2);
if (sources.length === 0 || (format !== 'svg' && format !== 'png')) {
  stop(2, 'usage: node figure_export.cjs LIBRARIES svg|png FOLDER FIGURE.vl.json...');
}

// Both libraries are written for a page as well as for node, where Vega-Lite asks for "vega".
function library(name) {
  const file = path.join(libraries, name + '.min.js');
  if (!fs.existsSync(file)) stop(3, `${file} is missing: ./impact setup fetches it.`);
  return file;
}
const vega = require(path.resolve(library('vega')));
const Module = require('module');
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return request === 'vega' ? path.resolve(library('vega')) : resolve.call(this, request, ...rest);
};
const lite = require(path.resolve(library('vega-lite')));

const problems = [];
const logger = {
  level() { return logger; },
  error(...words) { problems.push(words.join(' ')); return logger; },
  // Selections listen to a window, which a file has not; the first picture needs none.
  warn(...words) {
    const text = words.join(' ');
    if (!text.includes('event source: window')) problems.push(text);
    return logger;
  },
  info() { return logger; },
  debug() { return logger; },
};
const closed = () => Promise.reject(new Error('a figure loads nothing'));

async function draw(source) {
  const figure = JSON.parse(fs.readFileSync(source, 'utf8'));
  figure.background = '#ffffff';
  const view = new vega.View(vega.parse(lite.compile(figure, { logger }).spec), {
    renderer: 'none',
    loader: { load: closed, sanitize: closed },
  });
  view.logger(logger);
  const svg = await view.toSVG();
  if (problems.length > 0) throw new Error(problems.join('; '));
  return svg;
}

function browser() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const name = names.find((one) => spawnSync(one, ['--version']).status === 0);
  if (!name) stop(3, 'A .png needs a headless browser (chromium); none is installed. A .svg does not.');
  return name;
}

function photograph(svg, target, camera) {
  const size = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg);
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'figure-'));
  try {
    const page = path.join(place, 'figure.html');
    fs.writeFileSync(page, '<!doctype html><meta charset="utf-8">' +
      '<style>body{margin:0}svg{display:block}</style>' + svg);
    const done = spawnSync(camera, ['--headless', '--no-sandbox', '--disable-gpu',
      '--hide-scrollbars', '--force-device-scale-factor=2', `--user-data-dir=${place}/profile`,
      `--window-size=${Math.ceil(size[1])},${Math.ceil(size[2])}`,
      `--screenshot=${path.resolve(target)}`, 'file://' + page]);
    if (done.status !== 0 || !fs.existsSync(target)) stop(3, `${camera} took no picture.`);
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

async function main() {
  const camera = format === 'png' ? browser() : null;
  fs.mkdirSync(folder, { recursive: true });
  for (const source of sources) {
    const name = path.basename(source).replace(/(\.vl)?\.json$/, '');
    const target = path.join(folder, `${name}.${format}`);
    try {
      const svg = await draw(source);
      if (camera) photograph(svg, target, camera);
      else fs.writeFileSync(target, svg);
    } catch (error) {
      stop(1, `${source} cannot be drawn: ${error.message}`);
    }
  }
}

main();
