/** The configuration cannot be started as it is, in words for a person. */
export class StartError extends Error {
  override name = "StartError";
}
