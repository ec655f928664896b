// What Mermaid's own parser reads in the files named: one JSON array of {names, links}, in order.
// LOOPSCOPE_NODE_MODULES is the folder node_modules in which mermaid and jsdom are installed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.env.LOOPSCOPE_NODE_MODULES + '/');
const { JSDOM } = require('jsdom');
globalThis.window = new JSDOM('').window;
globalThis.document = window.document;
const entry = require.resolve('mermaid');
const { default: mermaid } = await import(pathToFileURL(entry));
mermaid.initialize({ securityLevel: 'strict', maxEdges: 5000, maxTextSize: 5000000 });

// Mermaid keeps entities such as #34; in a spelling of its own until it draws.
const plain = (text) =>
  (text ?? '').replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)));

const found = [];
for (const file of process.argv.slice(2)) {
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(readFileSync(file, 'utf8'));
  found.push({
    names: Object.fromEntries([...db.getVertices()].map(([id, one]) => [id, plain(one.text)])),
    links: db.getEdges().map((one) => [one.start, one.end, plain(one.text), one.stroke]),
  });
}
process.stdout.write(JSON.stringify(found));
