// @ts-check

const PAGE = 65536;

/** One block of memory in which everything has its place for good, so that training makes no garbage. */
class Memory {
  /** @param {Uint8Array<ArrayBuffer> | null} module  kernels.wasm, or null for plain JavaScript @param {number} bytes */
  constructor(module, bytes) {
    const pages = Math.ceil(bytes / PAGE);
    const memory = module && new WebAssembly.Memory({ initial: pages });
    const buffer = /** @type {ArrayBuffer} */ (memory ? memory.buffer : new ArrayBuffer(pages * PAGE));
    this.kernels = module && memory ? compiledKernels(module, memory) : plainKernels(buffer);
    this.float = new Float32Array(buffer);
    this.int = new Int32Array(buffer);
    // The first page is the module's stack.
    this.next = PAGE;
  }

  /** A memory with room for what `build` takes of it. @template T @param {Uint8Array<ArrayBuffer> | null} module
   * @param {(memory: Memory) => T} build */
  static holding(module, build) {
    const plan = new Memory(null, 0);
    build(plan);
    return build(new Memory(module, plan.next));
  }

  /** The address of room for so many numbers. @param {number} numbers */
  take(numbers) {
    const at = this.next;
    this.next += 16 * Math.ceil(numbers / 4);
    return at;
  }

  /** The numbers at an address, as a view. @param {number} at @param {number} numbers */
  floats(at, numbers) {
    return this.float.subarray(at >> 2, (at >> 2) + numbers);
  }

  /** @param {number} at @param {number} numbers */
  ints(at, numbers) {
    return this.int.subarray(at >> 2, (at >> 2) + numbers);
  }

  /** @param {number} at @param {number} numbers */
  clear(at, numbers) {
    this.floats(at, numbers).fill(0);
  }

  /** @param {number} from @param {number} to @param {number} numbers */
  copy(from, to, numbers) {
    this.float.copyWithin(to >> 2, from >> 2, (from >> 2) + numbers);
  }
}
