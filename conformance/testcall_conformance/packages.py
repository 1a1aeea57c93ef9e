"""Published and local builds: finds the script of a package and verifies that it is the published one.

``npm:NAME@VERSION`` is fetched by the user's own ``npm`` into a cache outside any repository, verified against the SHA-512
integrity that we know for the version (or, for a version that we do not know, that the registry states), and read from the
verified archive, which is never unpacked on disk and whose install scripts never run. ``file:`` takes a script, a package
folder or an archive as it is. Nothing here starts a browser.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from testcall_conformance.adapters.base import ConnectOptions
from testcall_conformance.errors import ConformanceError

CALLS_JAVASCRIPT = "@cometchat/calls-sdk-javascript"
CHAT_JAVASCRIPT = "@cometchat/chat-sdk-javascript"

KNOWN_INTEGRITY: dict[str, str] = {
    f"{CALLS_JAVASCRIPT}@4.0.12": "sha512-HTCX40L6RQ3pPTH2R6EB7aeK+PR3TiRJxxowxo/sg224sYjVdr63jcYCjbIeub5IJRVUhwFhb+baJ/eb3FqIYw==",
    f"{CALLS_JAVASCRIPT}@4.1.0": "sha512-gvarfu0o2EYGZqDMyaYlINpziXEy+sNi2LslBTiThVPNB1psUEkeNX2rutO56Ee/YUeMLgr1jPOwMOvZwy+rew==",
    f"{CALLS_JAVASCRIPT}@4.2.1": "sha512-zJF7Yr0OUK/Jkpp/ckCnfI0gGXvM+aKePjRUjGuJXDkDNQczqhks61WbrFxKgTTfb/nSwyLHmo1TxlEH6LWQlg==",
    f"{CALLS_JAVASCRIPT}@4.2.4": "sha512-DCqxog8ky75FoMotB+jBsKMOjYe77ElcdU8w1K9N5VLH6gYN6ZdG+fW/HfRym+ETix6H+KJoTZC8SqXf+GCMfA==",
    f"{CALLS_JAVASCRIPT}@4.2.6": "sha512-qJi1JYfJiEVoHHKjS+uJNoeiGPC7Hfqi71yA588jz8PJ4hyDu6TsKAyxFZ3yU56VHSBmvX9aYV7cramv17X+Zw==",
    f"{CHAT_JAVASCRIPT}@4.2.0": "sha512-xzylVMjCKJbmI7m5nZPHOynpmFoKAAosrn6r5WrKUdu0gb2EwQFvdIG5RHb15KNwC6DSCCIpLju0aAN/yCphFQ==",
}
"""What the registry stated when these versions were first tried (``npm view NAME@VERSION dist.integrity``)."""

_CONTRACTS = {CALLS_JAVASCRIPT: "calls/javascript", CHAT_JAVASCRIPT: "chat/ringing-javascript"}
_NAME_AND_VERSION = re.compile(r"^(?P<name>(?:@[a-z0-9._~-]+/)?[a-z0-9._~-]+)(?:@(?P<version>.+))?$")
_EXACT_VERSION = re.compile(r"^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$")
_STATED_VERSION = re.compile(rf'{re.escape(CALLS_JAVASCRIPT)}"[^}}]{{0,60}}version:"(?P<version>\d+\.\d+\.\d+)"')
_FETCH_LIMIT_S = 300.0

ScriptKind = Literal["script", "module"]


@dataclass(frozen=True)
class Package:
    """A build that a browser can load. ``files`` maps paths inside the package to their bytes; ``entry`` is one of them."""

    name: str
    version: str
    contract: str
    entry: str
    kind: ScriptKind
    files: Mapping[str, bytes]
    integrity: str
    source: str

    @property
    def major(self) -> int:
        """Major version, 0 when the version is not known."""
        return _major(self.version)


async def resolve(sdk: str, options: ConnectOptions) -> Package:
    """The package that ``npm:…`` or ``file:…`` names; raises :class:`ConformanceError` in one line."""
    scheme, _, rest = sdk.partition(":")
    if scheme == "npm":
        return await _published(rest, options)
    return _local(rest, sdk, options)


def integrity_of(archive: bytes) -> str:
    """The SHA-512 integrity of ``archive`` as a package registry writes it (Subresource Integrity form)."""
    return "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode("ascii")


def default_cache() -> Path:
    """``TESTCALL_CACHE``, else ``~/.cache/testcall/packages`` (``XDG_CACHE_HOME`` respected)."""
    if given := os.environ.get("TESTCALL_CACHE"):
        return Path(given).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "testcall" / "packages"


# --- published -------------------------------------------------------------------------------------------------------


async def _published(rest: str, options: ConnectOptions) -> Package:
    match = _NAME_AND_VERSION.match(rest)
    if match is None:
        raise ConformanceError(f"--sdk npm:{rest} is no package name; write npm:{CALLS_JAVASCRIPT}@4.2.6")
    name, version = match["name"], match["version"]
    if version is None or not _EXACT_VERSION.match(version):
        raise ConformanceError(
            f"--sdk npm:{rest} needs an exact version, for example npm:{name}@4.2.6 (no range, no tag)"
        )
    wanted = f"{name}@{version}"
    folder = (options.cache or default_cache()) / f"{name.replace('/', '+')}@{version}"
    archive = folder / "package.tgz"
    if not archive.is_file():
        await _fetch(wanted, folder)
    content = archive.read_bytes()
    expected = KNOWN_INTEGRITY.get(wanted) or (folder / "integrity").read_text("ascii").strip()
    actual = integrity_of(content)
    if actual != expected:
        raise ConformanceError(
            f"{archive} is not {wanted} as published ({actual[:23]}…, not {expected[:23]}…); delete {folder}"
        )
    return _package(_unpack(content, str(archive)), f"npm:{wanted}", options.contract, actual)


async def _fetch(wanted: str, folder: Path) -> None:
    if shutil.which("npm") is None:
        raise ConformanceError(
            f"{wanted} is not in the cache and npm is not installed; install Node.js, or use --sdk file:"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        integrity = KNOWN_INTEGRITY.get(wanted)
        if integrity is None:
            integrity = (await _npm(wanted, "view", wanted, "dist.integrity")).strip()
            if not integrity.startswith("sha512-"):
                raise ConformanceError(
                    f"the registry states no SHA-512 integrity for {wanted}; use --sdk file: with the archive"
                )
        await _npm(wanted, "pack", wanted, "--ignore-scripts", "--pack-destination", temporary)
        _keep(Path(temporary), wanted, integrity, folder)


def _keep(temporary: Path, wanted: str, integrity: str, folder: Path) -> None:
    archives = list(temporary.glob("*.tgz"))
    if len(archives) != 1:
        raise ConformanceError(f"npm pack {wanted} left {len(archives)} archives where one was expected")
    made = temporary / "made"
    made.mkdir()
    archives[0].rename(made / "package.tgz")
    (made / "integrity").write_text(integrity + "\n", "ascii")
    try:
        made.rename(folder)
    except OSError:  # another process was quicker: its copy is as good
        if not (folder / "package.tgz").is_file():
            raise


async def _npm(wanted: str, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "npm",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_FETCH_LIMIT_S):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        raise ConformanceError(
            f"npm {arguments[0]} {wanted} took more than {_FETCH_LIMIT_S:g} s; is there a network?"
        ) from None
    if process.returncode != 0:
        complaints = [line for line in err.decode("utf-8", "replace").splitlines() if line.startswith("npm error")]
        reason = complaints[0].removeprefix("npm error").strip() if complaints else f"exit code {process.returncode}"
        raise ConformanceError(f"npm cannot get {wanted}: {reason}; check the version and the network")
    return out.decode("utf-8", "replace")


# --- local -----------------------------------------------------------------------------------------------------------


def _local(given: str, sdk: str, options: ConnectOptions) -> Package:
    path = Path(given).expanduser()
    if path.is_dir():
        files = {
            file.relative_to(path).as_posix(): file.read_bytes()
            for file in sorted(path.rglob("*"))
            if file.is_file() and not {"node_modules", ".git"} & set(file.relative_to(path).parts)
        }
        return _package(files, sdk, options.contract, "")
    if not path.is_file():
        raise ConformanceError(f"--sdk {sdk}: there is no file or folder {path}")
    content = path.read_bytes()
    if path.name.endswith((".tgz", ".tar.gz")):
        return _package(_unpack(content, str(path)), sdk, options.contract, integrity_of(content))
    return _script(path, content, sdk, options.contract)


def _script(path: Path, content: bytes, sdk: str, contract: str | None) -> Package:
    name, version = path.stem, ""
    for folder in list(path.resolve().parents)[:4]:
        manifest = folder / "package.json"
        if manifest.is_file():
            stated = _manifest(manifest.read_bytes(), str(manifest))
            name, version = str(stated.get("name", name)), str(stated.get("version", ""))
            break
    else:
        if found := _STATED_VERSION.search(content.decode("utf-8", "replace")):
            name, version = CALLS_JAVASCRIPT, found["version"]
    kind = script_kind(content)
    if kind is None:
        raise ConformanceError(
            f"--sdk {sdk}: {path.name} is a CommonJS module, which a browser cannot load; give its UMD build"
        )
    return Package(
        name,
        version,
        contract or _contract(name, version, sdk),
        path.name,
        kind,
        {path.name: content},
        integrity_of(content),
        sdk,
    )


# --- what is in a package ----------------------------------------------------------------------------------------------


def _unpack(archive: bytes, where: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for member in tar:
                parts = PurePosixPath(member.name).parts
                opened = tar.extractfile(member) if member.isfile() else None
                if opened is not None and len(parts) > 1 and ".." not in parts:
                    files["/".join(parts[1:])] = opened.read()
    except (tarfile.TarError, OSError, EOFError) as wrong:
        raise ConformanceError(f"{where} is no package archive ({wrong}); delete it or give another") from None
    return files


def _package(files: Mapping[str, bytes], sdk: str, contract: str | None, integrity: str) -> Package:
    if "package.json" not in files:
        raise ConformanceError(
            f"--sdk {sdk}: there is no package.json in it; give a UMD script, a package folder or a .tgz"
        )
    manifest = _manifest(files["package.json"], f"{sdk} package.json")
    name, version = str(manifest.get("name", "")), str(manifest.get("version", ""))
    entry, kind = _entry(manifest, files, sdk)
    return Package(name, version, contract or _contract(name, version, sdk), entry, kind, files, integrity, sdk)


def _manifest(content: bytes, where: str) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except ValueError as wrong:
        raise ConformanceError(f"{where} is no JSON ({wrong})") from None
    if not isinstance(manifest, dict):
        raise ConformanceError(f"{where} is no JSON object")
    return manifest


def _entry(manifest: Mapping[str, Any], files: Mapping[str, bytes], sdk: str) -> tuple[str, ScriptKind]:
    """The file that a browser can load: a classic script before a module, as the manifest orders them."""
    candidates: list[str] = []
    for field in ("unpkg", "jsdelivr", "browser", "main", "module"):
        stated = manifest.get(field)
        if isinstance(stated, str):
            candidates += _spellings(stated)
    candidates += _exported(manifest.get("exports"))
    candidates += ["index.js"]
    found = {path: script_kind(files[path]) for path in dict.fromkeys(candidates) if path in files}
    for wanted in ("script", "module"):
        for path, kind in found.items():
            if kind == wanted:
                return path, kind
    tried = ", ".join(found) or ", ".join(dict.fromkeys(candidates))
    raise ConformanceError(f"--sdk {sdk}: no script that a browser can load (tried {tried}); give the UMD file itself")


def _spellings(path: str) -> list[str]:
    plain = path.removeprefix("./")
    return [plain, f"{plain}.js", f"{plain}/index.js"]


def _exported(exports: Any) -> list[str]:
    if isinstance(exports, str):
        return _spellings(exports)
    if isinstance(exports, dict):
        root = exports.get(".", exports)
        if isinstance(root, str):
            return _spellings(root)
        if isinstance(root, dict):
            return [path for key in ("browser", "import", "default") for path in _exported(root.get(key))]
    return []


def script_kind(content: bytes) -> ScriptKind | None:
    """Whether JavaScript is a classic script (UMD included) or an ES module; None for CommonJS, which no browser loads.

    Told from the ends of the text: bundlers put imports first and exports last.
    """
    text = content[:4000].decode("utf-8", "replace") + "\n" + content[-8000:].decode("utf-8", "replace")
    if re.search(r"(?:^|[;}\n])\s*export\s*(?:\{|default\b|const\b|class\b|function\b|\*)", text) or re.search(
        r"(?:^|[;\n])\s*import\s*(?:[\"'{*]|\w+\s+from)", text
    ):
        return "module"
    if re.search(
        r"typeof\s+(?:exports|define|module)\b|(?:\"|')object(?:\"|')\s*==", content[:4000].decode("utf-8", "replace")
    ):
        return "script"
    return None if re.search(r"\bmodule\.exports\s*=|\bexports\.\w+\s*=|[^.\w]require\(", text) else "script"


def _contract(name: str, version: str, sdk: str) -> str:
    family = _CONTRACTS.get(name)
    if family is None:
        raise ConformanceError(
            f"--sdk {sdk}: no contract is known for {name or 'this script'}; name one with --contract"
        )
    if not _major(version):
        raise ConformanceError(
            f"--sdk {sdk}: its version cannot be told; name the contract with --contract, e.g. {family}-v4"
        )
    return f"{family}-v{_major(version)}"


def _major(version: str) -> int:
    return int(found.group()) if (found := re.match(r"\d+", version)) else 0
