/*
 * JSON with comments, pasted into YAML as another program wrote it. YAML takes most JSON as it is, but not tabs before a
 * key, not a closing brace at the very left, and none of these comments. A block that begins at the left margin, with
 * `{` or `"key": {` (or `[`) alone on its line, and is such JSON as a whole, is rewritten line by line; nothing else is touched.
 * A whole file that was pasted among other keys has a `{` of its own: what stands in it stands beside them.
 */

const OPENING = /^(?<key>(?:(?:"[^"\n]*"|[\w.-]+)[ \t]*:[ \t]*)?)[{[][ \t]*(?:\/\/.*)?\r?$/gm;

/** The text with such blocks as YAML takes them; as many lines as before. */
export function withPastedJson(text: string): string {
  let result = "";
  let done = 0;
  for (const { index, groups } of text.matchAll(OPENING)) {
    if (index < done) continue;
    const begin = index + (groups?.["key"] ?? "").length;
    const block = plainJsonAt(text, begin);
    if (block === undefined) continue;
    const isBare = groups?.["key"] === "" && text[begin] === "{";
    const isBeside = isBare && isAmongKeys(text.slice(0, index), text.slice(block.end));
    const members = isBeside ? membersAtMargin(block.json) : undefined;
    result += text.slice(done, begin) + (members ?? ` ${block.json.replaceAll("\n", "\n ")}`);
    // Behind it stood the next part of the file that it was taken from.
    done = text[block.end] === "," ? block.end + 1 : block.end;
  }
  return result + text.slice(done);
}

/** True where a block stands beside keys of the file, and not as the value of the one before it. */
function isAmongKeys(before: string, after: string): boolean {
  const told = (text: string) => text.split("\n").filter((line) => /^[^#\s-]/.test(line));
  const last = before.trimEnd().split("\n").at(-1) ?? "";
  return told(before).length + told(after).length > 0 && !/:\s*(?:#.*)?$/.test(last);
}

/** The members of a JSON object as keys of the file, on as many lines; undefined where one does not begin its line. */
function membersAtMargin(json: string): string | undefined {
  let depth = 0;
  let members = 0;
  const lines = json.split("\n").map((line) => {
    const isMember = depth === 1 && /^\s*"/.test(line);
    if (isMember) members += 1;
    const pieces = (isMember ? line.trimStart() : ` ${line}`).match(/"(?:[^"\\]|\\.)*"|[^]/g) ?? [];
    return pieces
      .map((piece) => {
        if (piece === "{" || piece === "[") depth += 1;
        const isOuter = depth === 1 && (piece === "," || piece === "{" || piece === "}");
        if (piece === "}" || piece === "]") depth -= 1;
        return isOuter ? " " : piece;
      })
      .join("");
  });
  return Object.keys(JSON.parse(json) as object).length === members ? lines.join("\n") : undefined;
}

/** A piece of JSON with comments. What means nothing: a comment, a comma before a closing bracket, a tab. */
const PIECE =
  /"(?:[^"\\\n]|\\.)*"|(?<void>\/\/[^\n]*|\/\*[^]*?\*\/|,(?=(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*[}\]])|\t)|[^]/gy;

function plainJsonAt(text: string, begin: number): { json: string; end: number } | undefined {
  PIECE.lastIndex = begin;
  let json = "";
  let depth = 0;
  for (let match = PIECE.exec(text); match !== null; match = PIECE.exec(text)) {
    const [piece] = match;
    json += match.groups?.["void"] === undefined ? piece : piece.replaceAll(/[^\n]/g, " ");
    if (piece === "{" || piece === "[") depth += 1;
    if (piece === "}" || piece === "]") depth -= 1;
    if (depth === 0) return isJson(json) ? { json, end: PIECE.lastIndex } : undefined;
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
