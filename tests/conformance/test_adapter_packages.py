"""Which file of a package is driven, and that it is the published one."""

import io
import json
import tarfile

import pytest

from testcall_conformance import packages
from testcall_conformance.adapters import ConnectOptions, connect
from testcall_conformance.errors import ConformanceError
from testcall_conformance.packages import integrity_of, resolve, script_kind

UMD = b'!function(e,t){"object"==typeof exports?module.exports=t():e.Sdk=t()}(self,(()=>({})))'
ESM = b"import * as x from './x.js';\nconst a = 1;\nexport { a as Sdk };\n"
CJS = b'"use strict";\nexports.Sdk = require("./sdk");\n'
CALLS = packages.CALLS_JAVASCRIPT


def archive(**files):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo("package/" + name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return made.getvalue()


def manifest(**given):
    return json.dumps({"name": CALLS, "version": "4.9.9", **given}).encode()


def cached(tmp_path, content, version="4.9.9", integrity=None):
    folder = tmp_path / f"{CALLS.replace('/', '+')}@{version}"
    folder.mkdir()
    (folder / "package.tgz").write_bytes(content)
    (folder / "integrity").write_text(integrity or integrity_of(content))
    return ConnectOptions(cache=tmp_path)


async def test_a_cached_package_needs_no_network_and_tells_its_contract(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    options = cached(tmp_path, archive(**{"package.json": manifest(main="pack/index.js"), "pack/index.js": UMD}))
    package = await resolve(f"npm:{CALLS}@4.9.9", options)
    assert (package.entry, package.kind, package.contract, package.major) == (
        "pack/index.js",
        "script",
        "calls/javascript-v4",
        4,
    )
    assert package.files["pack/index.js"] == UMD


async def test_a_package_that_is_not_the_published_one_is_refused(tmp_path):
    content = archive(**{"package.json": manifest(), "index.js": UMD})
    options = cached(tmp_path, content, integrity="sha512-" + "A" * 86 + "==")
    with pytest.raises(ConformanceError, match=r"is not @cometchat/calls-sdk-javascript@4\.9\.9 as published"):
        await resolve(f"npm:{CALLS}@4.9.9", options)


async def test_for_a_known_version_our_table_decides_not_the_cache(tmp_path):
    content = archive(**{"package.json": manifest(version="4.2.6"), "index.js": UMD})
    with pytest.raises(ConformanceError, match="as published"):
        await resolve(f"npm:{CALLS}@4.2.6", cached(tmp_path, content, "4.2.6"))


async def test_without_npm_and_cache_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConformanceError, match="npm is not installed"):
        await resolve(f"npm:{CALLS}@4.9.9", ConnectOptions(cache=tmp_path))


@pytest.mark.parametrize("spec", [CALLS, f"{CALLS}@latest", f"{CALLS}@^4.2.0", f"{CALLS}@4"])
async def test_only_an_exact_version_is_taken(spec):
    with pytest.raises(ConformanceError, match="exact version"):
        await resolve(f"npm:{spec}", ConnectOptions())


@pytest.mark.parametrize(
    ("files", "entry", "kind"),
    [
        ({"package.json": manifest(main="index.cjs", module="index.mjs"), "index.cjs": CJS, "index.mjs": ESM}, "index.mjs", "module"),
        ({"package.json": manifest(main="a", unpkg="umd.js"), "a.js": ESM, "umd.js": UMD}, "umd.js", "script"),
        ({"package.json": manifest(module="es.js", main="umd.js"), "es.js": ESM, "umd.js": UMD}, "umd.js", "script"),
        ({"package.json": manifest(exports={".": {"import": "./es.js", "require": "./c.js"}}), "es.js": ESM, "c.js": CJS}, "es.js", "module"),
        ({"package.json": manifest(exports="./es.js"), "es.js": ESM}, "es.js", "module"),
        ({"package.json": manifest(), "index.js": UMD}, "index.js", "script"),
    ],
)  # fmt: skip
async def test_the_entry_is_what_a_browser_can_load(tmp_path, files, entry, kind):
    path = tmp_path / "sdk.tgz"
    path.write_bytes(archive(**files))
    package = await resolve(f"file:{path}", ConnectOptions())
    assert (package.entry, package.kind) == (entry, kind)


async def test_a_package_without_a_browser_script_is_refused(tmp_path):
    path = tmp_path / "sdk.tgz"
    path.write_bytes(archive(**{"package.json": manifest(main="c.js"), "c.js": CJS}))
    with pytest.raises(ConformanceError, match=r"tried c\.js"):
        await resolve(f"file:{path}", ConnectOptions())


async def test_a_script_beside_its_manifest_is_known(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "package.json").write_bytes(manifest())
    (tmp_path / "pack" / "index.js").write_bytes(UMD)
    package = await resolve(f"file:{tmp_path}/pack/index.js", ConnectOptions())
    assert (package.version, package.contract) == ("4.9.9", "calls/javascript-v4")


async def test_an_unknown_script_needs_a_contract(tmp_path):
    path = tmp_path / "sdk.js"
    path.write_bytes(UMD)
    with pytest.raises(ConformanceError, match="--contract"):
        await resolve(f"file:{path}", ConnectOptions())
    assert (await resolve(f"file:{path}", ConnectOptions(contract="calls/x-v1"))).contract == "calls/x-v1"


async def test_an_archive_cannot_name_files_outside_itself(tmp_path):
    path = tmp_path / "sdk.tgz"
    path.write_bytes(archive(**{"package.json": manifest(), "index.js": UMD, "../../evil.js": UMD}))
    assert set((await resolve(f"file:{path}", ConnectOptions())).files) == {"package.json", "index.js"}


@pytest.mark.parametrize(
    ("content", "kind"), [(UMD, "script"), (ESM, "module"), (CJS, None), (b"window.Sdk = {}", "script")]
)
def test_the_kind_of_a_script_is_told_from_its_text(content, kind):
    assert script_kind(content) == kind


@pytest.mark.parametrize(
    ("sdk", "words"),
    [
        ("chrome", "is none of npm:NAME@VERSION"),
        ("ftp:x", "is none of"),
        ("npm:", "names nothing after the colon"),
        ("npm:/x", "is no package name"),
        ("file:/no/such/file.js", "there is no file or folder"),
        ("exec:'", "cannot be split"),
        ("connect:a/b", "is not connect:NAME"),
        ("connect:lab?port=x", "is no port"),
        ("connect:lab?host=0.0.0.0", "needs a token"),
    ],
)
async def test_a_wrong_sdk_string_is_told_in_one_line(sdk, words):
    with pytest.raises(ConformanceError) as raised:
        await connect(sdk)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
