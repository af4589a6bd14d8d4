import { ControlCommand } from "@holdfast/protocol";

/** A command that cannot be read is nobody's to obey. */
export function readCommand(payload: string): ControlCommand | undefined {
  try {
    return ControlCommand.parse(JSON.parse(payload));
  } catch {
    return undefined;
  }
}
