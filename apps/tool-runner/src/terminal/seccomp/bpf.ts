/**
 * Classic BPF, as far as a seccomp filter needs it (linux/filter.h): one accumulator, which is loaded from the data that the
 * kernel hands over (linux/seccomp.h), forward jumps, and a verdict. Eight bytes an instruction, in the machine's byte order,
 * which is little-endian on every machine supported here.
 */
const OPCODE = {
  load: 0x20,
  and: 0x54,
  equal: 0x15,
  greater: 0x25,
  atLeast: 0x35,
  anyBit: 0x45,
  answer: 0x06,
} as const;

/** A jump's distance is one byte. */
const FARTHEST_JUMP = 255;
const INSTRUCTION_BYTES = 8;

/** Where seccomp puts what a filter may look at. Arguments have 64 bits; only the lower 32 are ever loaded here. */
export const SYSCALL_NUMBER = 0;
export const ARCHITECTURE = 4;
export const argumentOffset = (index: number): number => 16 + 8 * index;

type Condition = "equal" | "greater" | "atLeast" | "anyBit";

interface Instruction {
  readonly opcode: number;
  readonly operand: number;
  /** Where to go on; undefined is the next instruction. */
  readonly ifTrue?: string | undefined;
  readonly ifFalse?: string | undefined;
}

/** Writes a program down from top to bottom; jumps go to labels further down. */
export class BpfProgram {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  load(offset: number): this {
    return this.#add({ opcode: OPCODE.load, operand: offset });
  }

  and(mask: number): this {
    return this.#add({ opcode: OPCODE.and, operand: mask });
  }

  /** Without a label it goes on with the next instruction. */
  jump(condition: Condition, operand: number, ifTrue: string | undefined, ifFalse?: string): this {
    return this.#add({ opcode: OPCODE[condition], operand, ifTrue, ifFalse });
  }

  answer(verdict: number): this {
    return this.#add({ opcode: OPCODE.answer, operand: verdict });
  }

  label(name: string): this {
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  get length(): number {
    return this.#instructions.length;
  }

  /** What the kernel takes. Throws RangeError for a jump that cannot be. */
  toBytes(): Buffer {
    const bytes = Buffer.alloc(this.#instructions.length * INSTRUCTION_BYTES);
    for (const [at, { opcode, operand, ifTrue, ifFalse }] of this.#instructions.entries()) {
      const start = at * INSTRUCTION_BYTES;
      bytes.writeUInt16LE(opcode, start);
      bytes.writeUInt8(this.#distance(at, ifTrue), start + 2);
      bytes.writeUInt8(this.#distance(at, ifFalse), start + 3);
      bytes.writeUInt32LE(operand, start + 4);
    }
    return bytes;
  }

  #distance(from: number, label: string | undefined): number {
    if (label === undefined) return 0;
    const distance = (this.#labels.get(label) ?? -1) - from - 1;
    if (distance < 0 || distance > FARTHEST_JUMP) throw new RangeError(`no jump from ${from} to "${label}"`);
    return distance;
  }

  #add(instruction: Instruction): this {
    this.#instructions.push(instruction);
    return this;
  }
}
