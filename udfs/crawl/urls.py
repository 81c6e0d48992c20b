"""Hosts, registered domains, and the normal form by which two URLs are the same page for exact dedup.

The normal form is a key, not an address to fetch: it always says `http://`. Two URLs with one normal form nearly
always serve one page; the policies that may rarely be wrong are the dropped `www.`, trailing slash, index file and
tracking parameters. All functions take any string and never raise.
"""

import re
from urllib.parse import quote

HTTP_URL = re.compile(r"https?:[/\\]{2}([^/\\?#]*)([^?#]*)(?:\?([^#]*))?", re.IGNORECASE)
HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]%\s]+)(?::(\d*))?")
ASCII_HOST = re.compile(r"\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=-]+")
# Most URLs: nothing to clean, no user name, port or capital.
PLAIN_HOST = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?=[/?#]|\Z)")
IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
C0_AND_SPACE = "".join(map(chr, range(33)))
NO_TAB_OR_NEWLINE = dict.fromkeys(map(ord, "\t\n\r"))
DEFAULT_PORTS = {"", "80", "443"}
LONGEST_HOST = 253  # characters, DNS; the IDNA codec is quadratic, so longer hosts are left alone

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
SAFE = "!$&'()*+,;=:@/?"
TO_ENCODE = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/?-]")  # `%` is one of them
PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")

INDEX_FILES = frozenset(
    f"{name}.{end}" for name in ("index", "default") for end in ["html", "htm", "php", "asp", "aspx", "jsp", "shtml"]
)
_TRACKING_NAMES = """
    gclid gclsrc dclid gbraid wbraid fbclid msclkid yclid ysclid twclid ttclid igshid igsh mc_cid mc_eid mkt_tok _ga _gl
    _hsenc _hsmi __hstc __hssc __hsfp hsctatracking oly_anon_id oly_enc_id vero_id rb_clickid s_cid wickedid epik
    _openstat ref_src ref_url jsessionid phpsessid asp.net_sessionid cfid cftoken
"""
TRACKING = frozenset(_TRACKING_NAMES.split())
TRACKING_PREFIXES = ("utm_", "pk_campaign", "pk_kwd", "pk_source", "pk_medium", "mtm_", "matomo_", "aspsessionid")
SESSION_NAMES = frozenset(["sid", "session", "session_id", "sessionid", "sess", "s", "oscsid", "zenid"])
SESSION_VALUE = re.compile(r"[0-9A-Fa-f]{32}")
PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;]*", re.IGNORECASE)

# Second-level names under which people register in country domains: those that occur often, not all there are.
_SECOND_LEVEL = {
    "com net org edu gov": "ar au bd bn bo br cn co cy do ec eg et fj gh gi gr gt hk hn jm kh kw lb ly mm mt mx my na "
    "ng ni np om pa pe pg ph pk pr py qa sa sb sg sl sv tj tn tr tw ua uy ve vn",
    "co ac go or ne": "jp kr th ke tz ug cr id at",
    "co ac gov net org": "uk nz za il in zw zm bw ls ma",
    "gob": "ar bo cl do ec es gt hn mx ni pa pe sv ve",
    "com org nom": "es fr pl ro ru re",
    "edu gov mil int": "pl br ar au cn in tr za",
    "ltd plc me sch nhs police": "uk",
    "asn id": "au",
    "ad ed gr lg": "jp",
    "re pe hs ms es sc kg seoul busan": "kr",
    "in mi": "th",
    "web sch my desa biz": "id",
    "geek gen maori iwi school govt cri health mil": "nz",
    "web law nom school": "za",
    "firm gen ind nic res edu mil": "in",
    "muni k12 idf": "il",
    "art adv blog eco eng esp etc flog g12 ind inf jor jus leg lel med mil mus not odo ppg pro psi rec srv": "br",
    "tmp tur tv vet vlog": "br",
    "gen web k12 bel pol av dr bbs name tel info tv kep": "tr",
    "idv game ebiz club mil": "tw",
    "idv": "hk",
    "info biz in kiev kyiv lviv odessa odesa kharkov kharkiv dp zp": "ua",
    "co": "ao ci cm gg im je mw mz om pl pt rs rw sz uz ve",
    "priv ac gv": "at",
    "asso gouv tm": "fr",
    "waw info biz net warszawa": "pl",
    "ac org edu in": "rs",
    "ac": "cn be ir ae mu rs se",
    "co gov net org sch mil": "ae ir",
    "spb msk net pp": "ru",
    "name info health biz": "vn",
}
TWO_LEVEL_SUFFIXES = frozenset(
    f"{second}.{country}"
    for seconds, countries in _SECOND_LEVEL.items()
    for second in seconds.split()
    for country in countries.split()
)


def normalise(url: str) -> str:
    """The normal form of a URL; idempotent. What is no http(s) URL with a usable host comes back with only white
    space cleaned.

    Scheme: http for both. Host: lower case, punycode, without user name, `www.`, final dot and the ports 80 and 443.
    Path: `\\` is `/`, dot segments resolved, percent-encoding in one form, no trailing slash, index file or session
    id; `/` where empty. Query: parameters in their order, without empty, tracking and session ones. Fragment: dropped.
    """
    url = _cleaned(url)
    match = HTTP_URL.match(url)
    if match is None:
        return url
    authority, path, query = match.groups()
    host_name, port = _host_and_port(authority)
    if not host_name:
        return url
    while host_name.startswith("www.") and "." in host_name[4:]:
        host_name = host_name[4:]
    port = "" if port in DEFAULT_PORTS else ":" + port
    query = _normal_query(query) if query else ""
    return f"http://{host_name}{port}{_normal_path(path)}{'?' + query if query else ''}"


def host(url: str) -> str:
    """Host of an http(s) URL: lower case, punycode, with `www.`, without user name and port; "" where there is none."""
    if plain := PLAIN_HOST.match(url):
        return plain[1]
    match = HTTP_URL.match(_cleaned(url))
    return _host_and_port(match.group(1))[0] if match else ""


def registered_domain(host_name: str) -> str:
    """The part of a host that somebody registered: `example.co.uk` of `www.news.example.co.uk`; an IP address as it is.

    Takes the built-in list of common two-level suffixes, not the whole Public Suffix List: a rare suffix
    (`city.kobe.jp`) gives the registry's name, and sites of a hosting service (`name.github.io`) count as the
    service's.
    """
    name = host_name.lower().strip(".")
    if name.startswith("[") or (name[-1:].isdigit() and IPV4.fullmatch(name)):
        return name
    labels = name.rsplit(".", 3)
    count = 3 if ".".join(labels[-2:]) in TWO_LEVEL_SUFFIXES else 2
    return ".".join(labels[-count:])


def _cleaned(url: str) -> str:
    """As the URL standard begins: no tab or newline, no control or space at the ends; and no lone surrogate."""
    if not url.isascii():
        url = url.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "\n" in url or "\t" in url or "\r" in url:
        url = url.translate(NO_TAB_OR_NEWLINE)
    return url.strip(C0_AND_SPACE)


def _host_and_port(authority: str) -> tuple[str, str]:
    """Host ("" where it is not usable) and port without leading zeros."""
    match = HOST_PORT.fullmatch(authority.rpartition("@")[2])
    if match is None:
        return "", ""
    name, port = match.groups(default="")
    name = name.lower().rstrip(".")
    if not name.isascii():
        name = _punycode(name)
    return (name, port.lstrip("0")) if ASCII_HOST.fullmatch(name) else ("", "")


def _punycode(name: str) -> str:
    if len(name) > LONGEST_HOST:
        return ""
    try:
        return name.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return ""


def _normal_path(path: str) -> str:
    path = _percent_normal(path.replace("\\", "/") if "\\" in path else path)
    if ";" in path:
        path = PATH_SESSION.sub("", path)
    if "/." in path:
        path = _without_dot_segments(path)
    path = path.rstrip("/")
    while path and path.rpartition("/")[2].lower() in INDEX_FILES:
        path = path.rpartition("/")[0].rstrip("/")
    return path or "/"


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _normal_query(query: str) -> str:
    return "&".join(part for part in _percent_normal(query).split("&") if part and not _is_tracking(part))


def _is_tracking(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    name = name.lower()
    if name in TRACKING or name.startswith(TRACKING_PREFIXES):
        return True
    return name in SESSION_NAMES and SESSION_VALUE.fullmatch(value) is not None


def _percent_normal(text: str) -> str:
    """Unreserved characters bare, those that may not stand in a URL as %XX of their UTF-8, a lone % as %25."""
    if not TO_ENCODE.search(text):
        return text
    if "%" in text:
        text = PERCENT.sub(_percent_one, text)
    return quote(text, safe=SAFE + "%")


def _percent_one(match: re.Match[str]) -> str:
    digits = match.group(1)
    if digits is None:
        return "%25"
    char = chr(int(digits, 16))
    return char if char in UNRESERVED else "%" + digits.upper()
