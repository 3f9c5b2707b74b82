// What is wrong with the configs that a user wrote. The message is the one line that the user sees.

export class ConfigError extends Error {
  override name = "ConfigError";
}
