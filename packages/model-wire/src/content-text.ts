import { z } from "zod";

/** Content of a message in either API: a string, or parts of which those with text count. */
export const ContentText = z
  .union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))])
  .transform((content) => (typeof content === "string" ? content : content.map((part) => part.text ?? "").join("")));
