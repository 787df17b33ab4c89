// What rustc and wasm-bindgen made, as small as it gets: panics become traps, then binaryen optimises for size.

/**
 * A panic on wasm32-unknown-unknown ends in a trap and is printed nowhere, yet its message is put together first,
 * from a tenth of the module. So the functions that only ever panic become the trap, and whatever formats text goes
 * with them, since nothing else here does: if something ever did, the build would fail below.
 */
const panics = /^(std::panicking|core::panicking|core::(option|result|cell)::\w*(failed|panic\w*)|core::(str|slice)::.*_fail|alloc::raw_vec::(handle_error|capacity_overflow)|alloc::alloc::handle_alloc_error|__rustc::rust_(begin_unwind|panic))(::|$)/;

/** Methods that are reached through a pointer, and only by what formats text or keeps the text of a panic. */
const formatters = /^<.* as core::(fmt::\w+|panic::PanicPayload)>::\w+$/;

/**
 * @param {Uint8Array} wasm with its function names
 * @returns {Promise<Uint8Array>} the same module without them
 */
export async function shrink(wasm) {
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.readBinary(wasm);

  /** @param {string} name */
  const readable = (name) => name
    .replace(/\\([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)))
    .replace(/\[[0-9a-f]{16}\]|::h[0-9a-f]{16}$/g, "");
  const functions = () => Array.from({ length: module.getNumFunctions() },
    (_, index) => binaryen.getFunctionInfo(module.getFunctionByIndex(index)));

  for (const { name, params, results, body } of functions()) {
    const returns = body === 0 || binaryen.getExpressionType(body) !== binaryen.unreachable;
    if (returns || !panics.test(readable(name))) continue;
    module.removeFunction(name);
    module.addFunction(name, params, results, [], module.unreachable());
  }

  module.addFunction("trap", binaryen.none, binaryen.none, [], module.unreachable());
  const segments = Array.from({ length: module.getNumElementSegments() },
    (_, index) => binaryen.getElementSegmentInfo(module.getElementSegmentByIndex(index)));
  for (const { name, table, offset, data } of segments) {
    const { value } = /** @type {{ value?: unknown }} */ (binaryen.getExpressionInfo(offset));
    module.removeElementSegment(name);
    const targets = data.map((target) => formatters.test(readable(target)) ? "trap" : target);
    module.addActiveElementSegment(table, name, targets, module.i32.const(Number(value)));
  }
  module.runPasses(["remove-unused-module-elements"]);
  const formatting = functions().map(({ name }) => readable(name)).filter((name) => /\bcore::fmt::/.test(name));
  if (formatting.length > 0) throw new Error(formatting.join("\n"));

  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  binaryen.setOneCallerInlineMaxSize(20);
  module.optimize();
  return module.emitBinary();
}
