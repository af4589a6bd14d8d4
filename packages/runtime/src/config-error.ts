/** Exit code of a process whose configuration is wrong (EX_CONFIG): restarting it will not help. */
const EX_CONFIG = 78;

/** Wrong configuration. Holds every problem found, each one line that says where it is. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(`the configuration is not valid:\n${problems.map((problem) => `  ${problem}`).join("\n")}`, options);
    this.problems = problems;
  }
}

/**
 * Gives what `load` gives; on a ConfigError prints every problem on stderr and exits with 78.
 * Several sources may be loaded in one `load`, one after the other: the first that is wrong is reported.
 */
export async function exitOnConfigError<T>(load: () => T | Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof ConfigError) exitWith(error);
    throw error;
  }
}

export function exitWith(error: ConfigError): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(EX_CONFIG);
}
