const ADDRESS = "[address]";
const CREDENTIAL = "[credential]";

const QUOTED_PATH = /(["'`])(?:file:\/\/|\/(?!\/)|[A-Za-z]:[\\/]|\\\\)[^"'`\n]*\1/g;
const FILE_URL = /\bfile:\/\/[^\s"'`)\]]*/g;
const WINDOWS_PATH = /(?<![\w])(?:[A-Za-z]:[\\/]|\\\\)[^\s"'`)\]]*/g;
// A slash that begins a word. Those inside a URL, a fraction or a tag follow another character.
const UNIX_PATH = /(?<![\w./:@<\-\\])\/[\w.@~+-][^\s"'`)\],;]*/g;

/** What follows the name of a host: its port and a path. */
const TAIL = String.raw`(?::\d{1,5})?(?:\/[^\s"'${"`"}<>]*)?`;
const NO_WORD_BEFORE = String.raw`(?<![\w.-])`;

const URL_WITH_SCHEME = /\b[a-z][a-z\d+.-]{1,30}:\/\/(?:[^\s"]{1,512}@)?[^\s"'`<>]*/gi;
/** As databases name themselves: `user:password@host`. */
const USER_AT_HOST = /(?<![^\s"'`(=])[^\s:@/"'`(=]{1,128}:[^\s@"'`]{1,256}@[\w.(-][^\s"'`<>]*/g;
// Four parts behind the word "version" are a version.
const IPV4 = new RegExp(String.raw`(?<![\w.]|version |version: )(?:::(?:ffff:)?)?(\d{1,3}(?:\.\d{1,3}){3})(?!\w|\.\d)${TAIL}`, "gi");
const IPV6_GROUPS = String.raw`[\da-f]{1,4}(?::[\da-f]{1,4}){0,6}`;
const IPV6_TEXT = String.raw`(?:[\da-f]{1,4}(?::[\da-f]{1,4}){7}|(?=[\da-f:]*\d)(?:${IPV6_GROUPS})?::(?:${IPV6_GROUPS})?)(?:%\w{1,16})?`;
const IPV6 = new RegExp(String.raw`\[${IPV6_TEXT}\]${TAIL}|(?<![\w:.])${IPV6_TEXT}(?!\w|:[\da-f:])`, "gi");
const PRIVATE_HOST = new RegExp(
  String.raw`${NO_WORD_BEFORE}(?:[a-z\d_][\w-]{0,62}\.){1,10}(?:internal|local|localdomain|lan|svc|home\.arpa)\b(?![\w-]|\.\w)${TAIL}`,
  "gi",
);
const LOCALHOST = new RegExp(String.raw`${NO_WORD_BEFORE}localhost:\d{1,5}\b${TAIL}`, "gi");
// Names of files with a line behind them look like hosts with a port.
const HOST_WITH_PORT = new RegExp(
  String.raw`${NO_WORD_BEFORE}(?:[a-z\d][\w-]{0,62}\.){1,10}(?!(?:[cm]?[jt]sx?|json|py|rb|rs|go|java|php|cs|cc?|cpp|hpp?|sql|ya?ml|html?|css|md|sh):)[a-z][a-z\d-]{1,62}:\d{2,5}(?!\w)${TAIL}`,
  "gi",
);
/** A name without dots is a host's where the word before it says so, or where a database or a queue has the port. */
const HOST_BEHIND_WORD = new RegExp(
  String.raw`(?<=\b(?:to|host|server|upstream|proxy|ECONN\w{1,8}|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) )[a-z][a-z\d_-]{0,62}:\d{2,5}(?!\w)${TAIL}`,
  "gi",
);
const HOST_OF_SERVICE = new RegExp(
  String.raw`${NO_WORD_BEFORE}[a-z][a-z\d_-]{0,62}:(?:1433|2181|2379|3306|5432|5672|6379|6432|8123|9042|9092|9200|11211|11434|27017)(?!\w)${TAIL}`,
  "gi",
);
/** What Node writes behind the code of a network error. */
const FAILED_HOST = /(?<=\b(?:ENOTFOUND|EAI_AGAIN|EAI_FAIL|ENODATA) )(?!\[address\])[a-z\d][\w.-]*\w(?::\d{1,5})?/gi;

/** Words that follow "token:" and the like in a sentence about it. */
const PROSE_WORDS =
  "not no yes none null undefined true false is was has must should cannot could the this an? it your please see use check set try contact too at only minimum maximum" +
  " length expired invalid missing required unknown unexpected malformed revoked empty failed denied refused rejected incorrect wrong disabled expected end eof from for in of to by or and";
const PROSE = String.raw`(?!(?:${PROSE_WORDS.replaceAll(" ", "|")})[.,;:!?)\]}]{0,4}(?:["'${"`"}\s]|$))`;
const SECRET_NAME = String.raw`(?:api|access|secret|private|account|auth|subscription|signing)[-_ ]?keys?(?:[-_ ]?id)?|pass(?:word|wd|phrase|code)|pwd|(?:access|refresh|session|bearer|auth|id)?[-_ ]?token|client[-_ ]?secret|secret|authorization|credentials?`;
const SCHEME = String.raw`(?:(?:Bearer|Basic|Token|Digest|ApiKey|Negotiate)\s+)?`;
const VALUE = String.raw`(?:\\?"[^"]+"?|\\?'[^']+'?|${"`"}[^${"`"}]+${"`"}?|[^\s"'${"`"}]+)`;
const NAMED_SECRET = new RegExp(
  String.raw`((?:${SECRET_NAME})(?: (?:provided|given|is|was|used))?\\?["'${"`"}]?\s{0,8}(=>|=(?!>)|:)\s{0,8})(?!\[(?:credential|address)\])${PROSE}${SCHEME}${VALUE}`,
  "gi",
);
const COOKIE = /(\b(?:set-)?cookie\\?["']?\s{0,8}[:=]\s{0,8}["']?)(?!\[credential\])[^\s"'=]{1,256}=[^"']*/gi;
const AFTER_SCHEME = new RegExp(
  String.raw`\b([Bb]earer\s+|Basic\s+(?=[\w+/=-]*(?:\d|=|[a-z][A-Z])))(?!tokens?\b|auth|scheme|credential|realm|with\b)${PROSE}[\w~+/.=*-]{3,}`,
  "g",
);
const KNOWN_KEY =
  /(?<![A-Za-z\d])(?:sk[-_][\w*-]{6,}|[pr]k_(?:live|test)_\w+|gh[a-z]_\w{16,}|github_pat_\w+|glpat-[\w-]{8,}|xox[a-z]-[\w-]{8,}|A[KS]IA[A-Z\d]{12,}|AIza[\w-]{16,}|ya29\.[\w.-]+|hf_[A-Za-z\d]{16,}|gsk_\w{16,}|npm_\w{16,}|whsec_[\w+/=]+|eyJ[\w-]{8,}(?:\.[\w-]*){0,4})/g;
const LONG_WORD = /(?<![\w+/=-])[\w+/=-]{24,}/g;
/** Ids by which a run, a call or a request is asked about; they open nothing. */
const NAMED_ID = /^(?:run|call|toolu|tool|req|request|resp|msg|thread|chatcmpl|item|fc|rs|evt|file|batch|int)[-_]/;
// Words of a name or an id are short: those of a UUID have 7 characters on average, those of a model's name 5.
const MIN_MEAN_PIECE = 9;

/** A line without the paths, addresses and credentials that are in it; the words around them stay. */
export function withoutPrivate(line: string): string {
  return withoutCredentials(withoutAddresses(withoutPaths(line)));
}

function withoutPaths(line: string): string {
  return line.replaceAll(QUOTED_PATH, "…").replaceAll(FILE_URL, "…").replaceAll(WINDOWS_PATH, "…").replaceAll(UNIX_PATH, "…");
}

function withoutAddresses(line: string): string {
  const shown = line
    .replaceAll(URL_WITH_SCHEME, (url) => ADDRESS + closing(url))
    .replaceAll(USER_AT_HOST, (text) => ADDRESS + closing(text))
    .replaceAll(IPV4, (text, address: string) => (isIpv4(address) ? ADDRESS + closing(text) : text));
  return [IPV6, PRIVATE_HOST, LOCALHOST, HOST_WITH_PORT, HOST_BEHIND_WORD, HOST_OF_SERVICE, FAILED_HOST].reduce(
    (text, pattern) => text.replaceAll(pattern, (host) => ADDRESS + (host.startsWith("[") ? "" : closing(host))),
    shown,
  );
}

function withoutCredentials(line: string): string {
  return line
    .replaceAll(NAMED_SECRET, (text, name: string, sign: string) => (isCount(text, name, sign) ? text : `${name}${CREDENTIAL}${closingOfValue(text)}`))
    .replaceAll(COOKIE, (_, name: string) => `${name}${CREDENTIAL}`)
    .replaceAll(AFTER_SCHEME, (text, scheme: string) => `${scheme}${CREDENTIAL}${closing(text)}`)
    .replaceAll(KNOWN_KEY, (text) => CREDENTIAL + closing(text))
    .replaceAll(LONG_WORD, (word) => (isKeyLike(word) ? CREDENTIAL : word));
}

/** The punctuation of the sentence behind what was taken out of it. */
function closing(text: string): string {
  let end = text.length;
  while (end > 0 && ".,;:!?)]}\\".includes(text.charAt(end - 1))) end -= 1;
  return text.slice(end);
}

function closingOfValue(text: string): string {
  return /["'`]$/.test(text) ? "" : closing(text);
}

function isIpv4(address: string): boolean {
  return address.split(".").every((octet) => Number(octet) <= 255 && (octet === "0" || !octet.startsWith("0")));
}

/** "token: 4096" counts tokens. */
function isCount(text: string, name: string, sign: string): boolean {
  return sign === ":" && /token\W*$/i.test(name) && /^\d{1,7}\W*$/.test(text.slice(name.length));
}

function isKeyLike(word: string): boolean {
  if (NAMED_ID.test(word) || !/[A-Za-z]/.test(word)) return false;
  const pieces = word.split(/[-_/+=]+/).filter((piece) => piece !== "");
  return /\d\D+\d/.test(word) && pieces.join("").length / pieces.length >= MIN_MEAN_PIECE;
}
