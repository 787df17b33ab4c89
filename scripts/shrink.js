// What rustc and wasm-bindgen made, as small as it gets: panics become traps, then binaryen optimises for size, what a
// panic would have said is blanked, and what module and glue call each other is spelled short.

import { gzipSync } from 'node:zlib';
import { Explained } from './support.js';

/**
 * Functions that do nothing but panic. On wasm32-unknown-unknown a panic ends in a trap and is printed nowhere, so
 * these can be the trap: putting the message together is a tenth of the module.
 */
const panics =
  /^(std::panicking|core::panicking|core::(option|result|cell)::\w*(failed|panic\w*)|core::(str|slice)::.*_fail|alloc::raw_vec::(handle_error|capacity_overflow)|alloc::alloc::handle_alloc_error|__rustc::rust_(begin_unwind|panic))(::|$)/;

/** Methods that are reached through a pointer, and only by what formats text or keeps the text of a panic. */
const formatters = /^<.* as core::(fmt::\w+|panic::PanicPayload)>::\w+$/;

/** What panics of the standard library and of wasm-bindgen say, and what it takes to say it. */
const said = new RegExp(
  [
    /called `\w+::\w+\(\)` on an? `\w+` value/,
    /RefCell already (mutably )?borrowed/,
    /LazyCell instance has previously been poisoned/,
    /internal error: entered unreachable code/,
    /`async fn` resumed after completion/,
    /Tried to shrink to a larger capacity/,
    /capacity overflow/,
    /window size must be non-zero/,
    /mid > len/,
    /==!=matches/,
    /Utf8Errorvalid_up_toerror_len/,
    /0001020304\d{180}9596979899/,
    /0x0123456789ABCDEF/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** How many neighbours a function is compared with: each of them is tried. */
const neighbours = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16];

/**
 * @param {Uint8Array} wasm with the names of its functions
 * @returns {Promise<{ wasm: Uint8Array, spelling: (text: string) => string }>} the module, and how the texts that go
 *   with it, the glue and its types, are to be spelled
 */
export async function shrink(wasm) {
  const { default: binaryen } = await import('binaryen');
  const module = binaryen.readBinary(wasm);
  const functions = () =>
    Array.from({ length: module.getNumFunctions() }, (_, index) =>
      binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
    );

  for (const { name, params, results, body } of functions()) {
    const returns = body === 0 || binaryen.getExpressionType(body) !== binaryen.unreachable;
    if (returns || !panics.test(readable(name))) continue;
    module.removeFunction(name);
    module.addFunction(name, params, results, [], module.unreachable());
  }

  module.addFunction('trap', binaryen.none, binaryen.none, [], module.unreachable());
  const segments = Array.from({ length: module.getNumElementSegments() }, (_, index) =>
    binaryen.getElementSegmentInfo(module.getElementSegmentByIndex(index)),
  );
  for (const { name, table, offset, data } of segments) {
    const { value } = /** @type {import("binaryen").default.ConstInfo} */ (binaryen.getExpressionInfo(offset));
    const targets = data.map((target) => (formatters.test(readable(target)) ? 'trap' : target));
    module.removeElementSegment(name);
    module.addActiveElementSegment(table, name, targets, module.i32.const(Number(value)));
  }
  module.runPasses(['remove-unused-module-elements']);

  // Formatters may be left out only if nothing else formats text. If something does, it has kept what it reaches.
  const formatting = functions()
    .map(({ name }) => readable(name))
    .filter((name) => name.includes('core::fmt::'));
  if (formatting.length > 0) {
    throw new Explained(
      `Something in src/ formats text, as format! and write! do, which makes the download a tenth ` +
        `larger. Put strings together with filled() instead. What it reaches:\n${formatting.join('\n')}`,
    );
  }

  // Names of wasm-bindgen, which nobody but the glue uses, are half of what is left to say there.
  /** @type {Map<string, string>} */
  const shortNames = new Map();
  const short = (/** @type {string} */ name) => {
    const known = shortNames.get(name) ?? `_${shortNames.size.toString(36)}`;
    shortNames.set(name, known);
    return known;
  };
  for (const { name, module: from, base, params, results } of functions()) {
    if (!from || !base) continue;
    module.removeFunction(name);
    module.addFunctionImport(name, short(from), short(base), params, results);
  }
  const exports = Array.from({ length: module.getNumExports() }, (_, index) =>
    binaryen.getExportInfo(module.getExportByIndex(index)),
  );
  for (const { name, value, kind } of exports) {
    if (kind !== binaryen.ExternalFunction || !name.includes('__')) continue;
    module.removeExport(name);
    module.addFunctionExport(value, short(name));
  }

  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  // The first page holds the end of the stack: no address of anything.
  binaryen.setLowMemoryUnused(true);
  // All three make a smaller module, but one that compresses worse.
  binaryen.setOneCallerInlineMaxSize(20);
  binaryen.addPassToSkip('local-cse');
  binaryen.addPassToSkip('memory-packing');
  module.runPasses(['merge-similar-functions']);
  module.optimize();
  // The second time finds what the first one uncovered.
  module.optimize();

  // binaryen puts what is called most in front, where numbers take one byte. The others compress better side by side
  // with what they resemble.
  const own = functions().filter(({ base }) => !base);
  const codes = bodies(Buffer.from(module.emitBinary()));
  const others = own.map((one, index) => ({ ...one, pieces: pieces(/** @type {Buffer} */ (codes[index])) })).slice(40);
  module.runPasses(['strip-producers', 'strip-target-features']);
  const arranged = neighbours.map((count) => {
    for (const { name, params, results, vars, body } of alike(others, count)) {
      module.removeFunction(name);
      module.addFunction(name, params, results, vars, body);
    }
    const wasm = Buffer.from(module.emitBinary());
    return { wasm, size: gzipSync(wasm, { level: 9 }).length };
  });
  // Which of them is best cannot be told before.
  const { wasm: optimised } = arranged.reduce((best, one) => (one.size < best.size ? one : best));
  const spelling = (/** @type {string} */ text) =>
    text.replace(/\.\/\w+_bg\.js|\w*__\w+/g, (name) => shortNames.get(name) ?? name);
  // binaryen's types have other names for both.
  const { getNumDataSegments, getDataSegmentInfo } = /** @type {any} */ (module);
  const used = new Set(
    Array.from(module.emitText().matchAll(/(?:i32\.const |offset=)(\d+)/g), ([, number]) => Number(number)),
  );
  for (let index = 0; index < getNumDataSegments(); index++) {
    const { offset, data } = getDataSegmentInfo(module.getDataSegmentByIndex(index));
    const start = optimised.indexOf(new Uint8Array(data));
    blankPanics(optimised.subarray(start, start + data.byteLength), offset, used);
  }
  return { wasm: optimised, spelling };
}

/**
 * The code of each function of a module, as it is in its code section.
 *
 * @param {Buffer} wasm
 */
function bodies(wasm) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm.readUInt8(at++);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (wasm[at++] !== 10) {
    const length = number();
    at += length;
  }
  number();
  return Array.from({ length: number() }, () => {
    const length = number();
    return wasm.subarray(at, (at += length));
  });
}

/**
 * Every four bytes that stand side by side somewhere: what deflate finds again.
 *
 * @param {Buffer} code
 */
function pieces(code) {
  return new Set(Array.from({ length: Math.max(0, code.length - 3) }, (_, index) => code.readUInt32BE(index)));
}

/**
 * Puts functions side by side: next comes the one that shares the most with the last few, the more the nearer.
 *
 * @template {{ pieces: Set<number> }} T
 * @param {T[]} functions
 * @param {number} count how many are looked back at
 * @returns {T[]}
 */
function alike(functions, count) {
  const left = new Set(functions);
  /** @type {T[]} */
  const sorted = [];
  while (left.size > 0) {
    /** @type {Map<number, number>} */
    const worth = new Map();
    for (const [index, { pieces }] of sorted.slice(-count).entries())
      for (const piece of pieces) worth.set(piece, 1 / (count - index));
    let next = /** @type {T} */ (left.values().next().value);
    let most = -1;
    for (const one of left) {
      let shared = 0;
      for (const piece of one.pieces) shared += worth.get(piece) ?? 0;
      if (shared > most) [next, most] = [one, shared];
    }
    left.delete(next);
    sorted.push(next);
  }
  return sorted;
}

/**
 * Blanks what a panic would have said, which nothing tells any more, and where in the sources it was:
 * `core::panic::Location` is the address and the length of a path, a line and a column. Blanks compress to nothing.
 *
 * @param {Buffer} data a segment of the memory
 * @param {number} start its address
 * @param {Set<number>} used all numbers in the code, addresses among them
 */
function blankPanics(data, start, used) {
  const blanks = [];
  for (let at = 0; at + 16 <= data.length; at += 4) {
    const path = data.readUInt32LE(at) - start;
    const end = path + data.readUInt32LE(at + 4);
    if (path < 0 || end > path + 300 || !/^[\w./-]+\.rs$/.test(data.toString('latin1', path, end))) continue;
    blanks.push([at, at + 16], [path, end]);
  }
  for (const {
    0: { length },
    index,
  } of data.toString('latin1').matchAll(said)) {
    const isUsed = Array.from({ length }, (_, at) => start + index + at).some((address) => used.has(address));
    if (!isUsed) blanks.push([index, index + length]);
  }
  for (const [from, to] of blanks) data.fill(0, from, to);
}

/**
 * A function's name as it is in the source: binaryen escapes it, rustc adds hashes.
 *
 * @param {string} name
 */
function readable(name) {
  const plain = name.replace(/\\([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
  return plain.replace(/\[[0-9a-f]{16}\]|::h[0-9a-f]{16}$/g, '');
}
